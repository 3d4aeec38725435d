#include "runtime/bind/bind.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "compiler/compile.h"
#include "runtime/json/json.h"
#include "tests/unit/made_checkpoint.h"

namespace {

using namespace omap;
using omap::test::MadeCheckpoint;

Plan plan_of(const std::string& body) {
  Compilation compilation =
      compile("test.omap", "omap 1\nside a: safetensors\nside b: safetensors\nmapping m: a <-> b {\n" + body + "\n}\n");
  for (const Diagnostic& diagnostic : compilation.diagnostics) INFO(diagnostic.message);
  REQUIRE(compilation.plans.size() == 1);
  return std::move(compilation.plans.front());
}

struct Tensor {
  std::string key;
  std::vector<std::int64_t> shape;
};
MadeCheckpoint made(const std::vector<Tensor>& tensors) {
  MadeCheckpoint checkpoint;
  std::uint32_t next = 1;
  for (const Tensor& tensor : tensors) test::add(checkpoint, tensor.key, tensor.shape, next);
  return checkpoint;
}

struct Bind {
  Direction direction = Direction::right;
  std::vector<std::string> settings = {};
  std::optional<Value> config = {};
};

Result<BoundMapping> bound_to(const Plan& plan, const MadeCheckpoint& source, const Bind& how = {}) {
  BindOptions options;
  options.direction = how.direction;
  auto settings = parse_settings(plan, how.settings);
  if (!settings) return fail(settings.error());
  options.settings = *settings;
  return bind_plan(plan, test::index_of(source), how.config ? Configs{{"config.json", *how.config}} : Configs{},
                   options);
}

MadeCheckpoint converted(const Plan& plan, const MadeCheckpoint& source, const Bind& how = {}) {
  const auto bound = bound_to(plan, source, how);
  if (!bound) {
    for (const Diagnostic& diagnostic : bound.error()) FAIL_CHECK(diagnostic.message);
  }
  REQUIRE(bound);
  const auto result = test::run_slowly(bound->program, source);
  REQUIRE(result);
  return *result;
}

std::vector<Code> codes(const Result<BoundMapping>& bound) {
  std::vector<Code> found;
  if (!bound) {
    for (const Diagnostic& diagnostic : bound.error()) found.push_back(diagnostic.code);
  }
  return found;
}

}  // namespace

TEST_CASE("a mapping there and back gives the source") {
  struct Case {
    std::string body;
    std::vector<Tensor> left;
    std::vector<std::string> settings;
  };
  const std::vector<Case> cases = {
      {"index i in 0..3\n x.{i} <-> y.{i}", {{"x.0", {2, 3}}, {"x.1", {}}, {"x.2", {0, 5}}}, {}},
      {"param q: int\n param k: int\n wq[q d], wk[k d], wv[v d] <-> qkv[(q + k + v) d]",
       {{"wq", {4, 3}}, {"wk", {2, 3}}, {"wv", {5, 3}}},
       {"q=4", "k=2"}},
      {"index e in 0..3\n w[(e d) h] <-> x.{e}.w[h d]", {{"w", {6, 5}}}, {}},
      {"index e in 0..2\n e.{e}.w1[h d], e.{e}.w3[h d] <-> gate_up[e (h + h) d]",
       {{"e.0.w1", {3, 2}}, {"e.0.w3", {3, 2}}, {"e.1.w1", {3, 2}}, {"e.1.w3", {3, 2}}},
       {}},
      {"param head: int\n wq[(head half two=2) d] <-> q[(head two half) d]", {{"wq", {12, 2}}}, {"head=3"}},
      {"param head: int\n q[(head x) d], g[(head x) d] <-> qg[(head (x + x)) d]",
       {{"q", {6, 2}}, {"g", {6, 2}}},
       {"head=3"}},
      {"param g: int\n param r: int\n param hd: int\n index kv in {k, v}\n q[(g r hd) d], {kv}[(g hd) d] <-> qkv[(g (r "
       "+ kv) hd) d]",
       {{"q", {12, 2}}, {"k", {4, 2}}, {"v", {4, 2}}},
       {"g=2", "r=3", "hd=2"}},
      {"a1[(z + z) d], a2[(z + z) d], a3[(z + z) d] <-> b1[(z + z + z) d], b2[(z + z + z) d]",
       {{"a1", {4, 2}}, {"a2", {4, 2}}, {"a3", {4, 2}}},
       {}},
      {"w[i o] <-> v[o i]", {{"w", {3, 4}}}, {}},
      {"w[x 1 y] <-> v[1 y x 1]", {{"w", {3, 1, 4}}}, {}},
      {"w[x] <-> v[x 1]", {{"w", {0}}}, {}},
      {"s[] <-> t[]", {{"s", {}}}, {}},
      {"param n: int\n x[n ...], y[m ...] <-> xy[(n + m) ...]", {{"x", {2, 3, 2}}, {"y", {1, 3, 2}}}, {"n=2"}},
      {"index layer in 0..2\n index kind in {up, down}\n l.{layer}.{kind} <-> m.{layer + 1}.{kind}_proj",
       {{"l.0.up", {2}}, {"l.0.down", {2}}, {"l.1.up", {2}}, {"l.1.down", {2}}},
       {}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.body);
    const Plan plan = plan_of(c.body);
    const MadeCheckpoint source = made(c.left);
    const MadeCheckpoint there = converted(plan, source, {Direction::right, c.settings});
    CHECK(converted(plan, there, {Direction::left, c.settings}) == source);
  }
}

TEST_CASE("elements go where the axes say") {
  const Plan plan = plan_of("param head: int\n q[(head x) d], g[(head x) d] <-> qg[(head (x + x)) d]");
  const MadeCheckpoint source = made({{"g", {4, 1}}, {"q", {4, 1}}});  // g = 1 2 3 4, q = 5 6 7 8
  const MadeCheckpoint result = converted(plan, source, {Direction::right, {"head=2"}});
  CHECK(result.at("qg").elements == std::vector<std::uint32_t>{5, 6, 1, 2, 7, 8, 3, 4});
}

TEST_CASE("one-way rules drop, fill and repeat") {
  CHECK(converted(plan_of("param v: int\n x[(v + _) d] -> y[v d]"), made({{"x", {3, 2}}}), {Direction::right, {"v=2"}})
            .at("y")
            .elements == std::vector<std::uint32_t>{1, 2, 3, 4});
  CHECK(converted(plan_of("x[v] -> y[(_=2 + v + _=1)]"), made({{"x", {2}}})).at("y").elements ==
        std::vector<std::uint32_t>{0, 0, 1, 2, 0});
  CHECK(converted(plan_of("x[v] -> y[(r=2 v)]"), made({{"x", {2}}})).at("y").elements ==
        std::vector<std::uint32_t>{1, 2, 1, 2});
  const MadeCheckpoint each = converted(plan_of("index i in 0..2\n x[v] -> y.{i}[v]"), made({{"x", {2}}}));
  CHECK(each.at("y.0") == each.at("y.1"));
}

TEST_CASE("layer 10 is not layer 2, and keys match whole") {
  std::vector<Tensor> tensors;
  for (int i = 0; i < 12; ++i) tensors.push_back({"l." + std::to_string(i) + ".experts.weight", {i + 1}});
  tensors.push_back({"l.1.shared_experts.weight", {7}});
  const Plan plan = plan_of("index i in 0..12\n l.{i}.experts.weight <-> m.{i}\n l.1.shared_experts.weight <-> s");
  const MadeCheckpoint result = converted(plan, made(tensors));
  for (int i = 0; i < 12; ++i) CHECK(result.at("m." + std::to_string(i)).shape == std::vector<std::int64_t>{i + 1});
  const auto bound = bound_to(plan_of("index i in 0..12\n l.{i}.experts.weight <-> m.{i}"), made(tensors));
  REQUIRE(codes(bound) == std::vector{Code::source_unclaimed});
  CHECK(bound.error()[0].message.find("`l.1.shared_experts.weight`") != std::string::npos);
}

TEST_CASE("what is wrong with a checkpoint is said once, with its keys folded") {
  const Plan plan = plan_of("param n: int = 3\n index i in 0..n\n x.{i}.w[r c] <-> y.{i}.w[r c]\n x.{i}.b <-> y.{i}.b");
  const std::vector<Tensor> whole = {{"x.0.b", {1}},    {"x.0.w", {2, 2}}, {"x.1.b", {1}},
                                     {"x.1.w", {2, 2}}, {"x.2.b", {1}},    {"x.2.w", {2, 2}}};
  CHECK(bound_to(plan, made(whole)));
  const auto without = [&](std::string_view part) {
    auto tensors = whole;
    std::erase_if(tensors, [&](const Tensor& t) { return t.key.find(part) != std::string::npos; });
    return bound_to(plan, made(tensors));
  };
  SUBCASE("one key") {
    const auto bound = without("1.w");
    REQUIRE(codes(bound) == std::vector{Code::source_missing});
    CHECK(bound.error()[0].message == "`x.1.w` is missing from `a`");
    CHECK(bound.error()[0].primary.range == plan.rules[0].range);
  }
  SUBCASE("a rule's keys") {
    const auto bound = without(".w");
    REQUIRE(codes(bound) == std::vector{Code::source_missing});
    CHECK(bound.error()[0].message == "`x.{0..2}.w` (3 keys) are missing from `a`");
  }
  SUBCASE("a middle layer") {
    const auto bound = without("x.1.");
    REQUIRE(codes(bound) == std::vector{Code::source_missing});
    CHECK(bound.error()[0].message.starts_with("nothing of `i` 1 is in `a`: 2 keys are missing"));
  }
  SUBCASE("one more key") {
    auto tensors = whole;
    tensors.push_back({"z", {1}});
    const auto bound = bound_to(plan, made(tensors));
    REQUIRE(codes(bound) == std::vector{Code::source_unclaimed});
    CHECK(bound.error()[0].helps[0].find("ignore a:z") != std::string::npos);
  }
  SUBCASE("one more layer") {
    auto tensors = whole;
    tensors.push_back({"x.3.b", {1}});
    tensors.push_back({"x.3.w", {2, 2}});
    const auto bound = bound_to(plan, made(tensors));
    REQUIRE(codes(bound) == std::vector{Code::source_unclaimed});
    CHECK(bound.error()[0].message.find("outside the range of `i`") != std::string::npos);
    CHECK(bound_to(plan, made(tensors), {Direction::right, {"n=4"}}));
  }
  SUBCASE("another rank") {
    auto tensors = whole;
    tensors[1].shape = {4};
    CHECK(codes(bound_to(plan, made(tensors))) == std::vector{Code::rank_mismatch});
  }
  SUBCASE("a misspelt key is one error, not two") {
    auto tensors = whole;
    tensors[1].key = "x.0.W";
    const auto bound = bound_to(plan, made(tensors));
    REQUIRE(codes(bound) == std::vector{Code::source_missing});
    CHECK(bound.error()[0].helps[0].find("`x.0.W`") != std::string::npos);
  }
}

TEST_CASE("shapes that do not fit are refused") {
  const auto refused = [](const std::string& body, const std::vector<Tensor>& tensors, Code code,
                          const Bind& how = {}) {
    CAPTURE(body);
    CHECK(codes(bound_to(plan_of(body), made(tensors), how)) == std::vector{code});
  };
  refused("x[(h two=2)] <-> y[two h]", {{"x", {5}}}, Code::extent_indivisible);
  refused("x[d], y[d] <-> z[(d + d)]", {{"x", {2}}, {"y", {3}}}, Code::extent_conflict);
  refused("param d: int = 4\n x[d] <-> y[d]", {{"x", {5}}}, Code::extent_conflict);
  refused("param two: int = 3\n x[two=2] <-> y[two]", {{"x", {2}}}, Code::extent_conflict);
  refused("index e in 0..4\n x[e] <-> y[e=2]", {{"x", {4}}}, Code::extent_conflict);
  refused("param v: int = 4\n x[(v + _)] -> y[v]", {{"x", {3}}}, Code::extent_conflict);
  refused("param q: int\n x[(q + k)] <-> y[q], z[k]", {{"x", {5}}}, Code::extent_undetermined);
  refused("param q: int\n x[(q + k)] <-> y[q], z[k]", {{"x", {5}}}, Code::extent_conflict, {Direction::right, {"q=6"}});
}

TEST_CASE("two rules that write one key are refused where no condition keeps them apart") {
  const Plan plan = plan_of("param first: bool\n param second: bool\n x <-> z when first\n y <-> z when second");
  CHECK(codes(bound_to(plan, made({{"x", {1}}, {"y", {1}}}), {Direction::right, {"first=true", "second=true"}})) ==
        std::vector{Code::destination_twice});
  const Plan apart = plan_of("param first: bool\n x -> z when first\n y -> z when not first\n ignore a:*");
  CHECK(converted(apart, made({{"x", {1}}, {"y", {2}}}), {Direction::right, {"first=false"}}).at("z").shape ==
        std::vector<std::int64_t>{2});
}

TEST_CASE("params: set, read from configs and headers, or not there") {
  const auto config = parse_json(R"({"n": 2, "wide": true, "list": [0, 1]})", "config");
  REQUIRE(config);
  const std::string rules = "index i in 0..n\n x.{i} <-> y.{i}";
  const MadeCheckpoint two = made({{"x.0", {3}}, {"x.1", {3}}});
  CHECK(bound_to(plan_of("param n: int = a.n\n" + rules), two, {Direction::right, {}, *config}));
  CHECK(
      bound_to(plan_of("param n: int = a.missing ?? count(a:x.{_})\n" + rules), two, {Direction::right, {}, *config}));
  CHECK(bound_to(plan_of("param n: int = extent(a:x.0, 0) - 1\n" + rules), two));
  CHECK(bound_to(plan_of("param n: int = if a.wide then len(a.list) else 0\n" + rules), two,
                 {Direction::right, {}, *config}));
  CHECK(codes(bound_to(plan_of("param n: int = a.wide\n" + rules), two, {Direction::right, {}, *config})) ==
        std::vector{Code::value_type});
  CHECK(codes(bound_to(plan_of("param n: int = a.list[2]\n" + rules), two, {Direction::right, {}, *config})) ==
        std::vector{Code::evaluation_failed});
  const auto unset = bound_to(plan_of("param n: int = b.n\n" + rules), two);
  REQUIRE(codes(unset) == std::vector{Code::value_unavailable});
  CHECK(unset.error()[0].helps[0] == "give it one: `--set n=VALUE`");
  // A literal stands in for what the source lacks, not for what only the destination knows.
  CHECK(codes(bound_to(plan_of("param n: int = b.n ?? 2\n" + rules), two)) == std::vector{Code::value_unavailable});
  const auto defaulted = bound_to(plan_of("param n: int = a.n ?? b.n ?? 2\n" + rules), two);
  REQUIRE(defaulted);
  REQUIRE(defaulted->notes.size() == 1);
  CHECK(defaulted->notes[0].code == Code::default_taken);
  CHECK(codes(bound_to(plan_of("param n: int = 2\n" + rules), two, {Direction::right, {"m=1"}})) ==
        std::vector{Code::unknown_setting});
  CHECK(codes(bound_to(plan_of("param n: int = 2\n" + rules), two, {Direction::right, {"n=two"}})) ==
        std::vector{Code::value_type});
}

TEST_CASE("a param that nothing in the direction needs is not evaluated") {
  const Plan plan = plan_of("param n: int = b.n\n x <-> y\n index i in 0..n\n z.{i} <- w.{i}");
  CHECK(bound_to(plan, made({{"x", {1}}})));
}

TEST_CASE("requirements over what cannot be read do not apply") {
  const Plan plan = plan_of("require a.kind == \"x\" \"another kind\"\n require b.kind == \"y\"\n x <-> y");
  const MadeCheckpoint source = made({{"x", {1}}});
  CHECK(bound_to(plan, source));
  const auto other = parse_json(R"({"kind": "z"})", "config");
  const auto refused = bound_to(plan, source, {Direction::right, {}, *other});
  REQUIRE(codes(refused) == std::vector{Code::requirement_failed});
  CHECK(refused.error()[0].message == "another kind");
}

TEST_CASE("optional rules, alternatives, ties and ignore") {
  const Plan optional = plan_of("index i in 0..2\n x <-> y\n optional b.{i} <-> c.{i}");
  CHECK(bound_to(optional, made({{"x", {1}}})));
  CHECK(bound_to(optional, made({{"x", {1}}, {"b.0", {1}}, {"b.1", {1}}})));
  CHECK(codes(bound_to(optional, made({{"x", {1}}, {"b.0", {1}}}))) == std::vector{Code::optional_partial});

  const Plan either = plan_of("x.{o_proj|out_proj} <-> y");
  CHECK(bound_to(either, made({{"x.out_proj", {1}}})));
  CHECK(codes(bound_to(either, made({{"x.out_proj", {1}}, {"x.o_proj", {1}}}))) ==
        std::vector{Code::alternatives_both});
  CHECK(converted(either, made({{"y", {1}}}), {Direction::left}).contains("x.o_proj"));

  const Plan tied = plan_of("x <-> y\n tie a:head = a:x");
  const auto bound = bound_to(tied, made({{"x", {1}}, {"head", {1}}}));
  REQUIRE(bound);
  CHECK(bound->program.ties.size() == 1);
  CHECK(bound_to(tied, made({{"x", {1}}}))->program.ties.empty());

  const auto ignored = bound_to(plan_of("x <-> y\n ignore a:rope.**"), made({{"x", {1}}, {"rope.0.freqs", {1}}}));
  REQUIRE(ignored);
  CHECK(ignored->ignored == 1);
}

TEST_CASE("a side's root is part of the keys in its own format only") {
  Compilation compilation = compile(
      "t.omap",
      "omap 1\nside a: safetensors root \"model.\"\nside b: dcp root \"m.\"\nmapping m: a <-> b {\n x <-> y\n}\n");
  REQUIRE(compilation.plans.size() == 1);
  const auto bound = bound_to(compilation.plans[0], made({{"model.x", {1}}, {"optim.x", {1}}}));
  REQUIRE(bound);
  CHECK(bound->outside_root == 1);
  CHECK(bound->program.destinations[0].key == "y");
}

TEST_CASE("a range beyond any checkpoint is an error, not a wait") {
  CHECK(codes(bound_to(plan_of("param n: int\n index i in 0..n\n x.{i} <-> y.{i}"), made({{"x", {1}}}),
                       {Direction::right, {"n=9000000000"}}))
            .front() == Code::plan_limit);
  const Plan square = plan_of("index i in 0..100000\n index j in 0..100000\n x.{i}.{j} <-> y.{i}.{j}");
  CHECK(codes(bound_to(square, made({{"x", {1}}}))).front() == Code::plan_limit);
  const std::string indexes = "index i in 0..100000\n index j in 0..100000\n x <-> y\n";
  const Plan tied = plan_of(indexes + "tie a:t.{i}.{j} = a:u.{i}.{j}");
  CHECK(codes(bound_to(tied, made({{"x", {1}}}))).front() == Code::plan_limit);
  const Plan configured = plan_of(indexes + "config {\n b.rows[i][j] = i + j\n}");
  CHECK(codes(bound_to(configured, made({{"x", {1}}}))).front() == Code::plan_limit);
}

TEST_CASE("a tensor of too many elements for a dense copy is refused, by a rule and by a `same`") {
  // One element, repeated: it takes 4 bytes in a checkpoint.
  const TensorIndex repeated({"made.pt"}, {{"x", Dtype::f32, {1 << 30, 1 << 30, 8}, {0, 0, 4}, {0, 0, 0}}});
  for (const std::string body : {"x[p q r] <-> y[q p r]", "same **"}) {
    const auto bound = bind_plan(plan_of(body), repeated, {}, {});
    CHECK(codes(bound) == std::vector{Code::size_overflow});
    CHECK(bound.error().front().primary.range.known());
  }
}

TEST_CASE("the rest of a division has the sign of the divisor, up to the largest integers") {
  const Plan plan = plan_of(
      "require 5 % 9223372036854775807 == 5\n require -5 % 3 == 1\n require 5 % -3 == -1\n require -6 % 3 == 0\n x <-> "
      "y");
  CHECK(bound_to(plan, made({{"x", {1}}})));
}

TEST_CASE("values that need each other in a long chain are an error, not a crash") {
  std::string body = "param p900: bool = true\nx <-> y when p0\n";
  for (int i = 0; i < 900; ++i) {
    std::string value = fmt::format("p{}", i + 1);
    for (int n = 0; n < 100; ++n) value = "not " + value;
    body += fmt::format("param p{}: bool = {}\n", i, value);
  }
  CHECK(codes(bound_to(plan_of(body), made({{"x", {1}}}))).front() == Code::plan_limit);
}

TEST_CASE("what is advised of an empty key is no rule, as none can write it") {
  const auto bound = bound_to(plan_of("x <-> y"), made({{"", {1}}, {"x", {1}}}));
  REQUIRE_FALSE(bound);
  REQUIRE(bound.error().size() == 1);
  CHECK(bound.error().front().code == Code::source_unclaimed);
  REQUIRE(bound.error().front().helps.size() == 1);
  CHECK(bound.error().front().helps.front().find("ignore") == std::string::npos);
}
