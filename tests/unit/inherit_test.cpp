// What `extends` brings, on bytes and configs.
#include <doctest/doctest.h>

#include "tests/unit/conversion.h"

using namespace omap;
using namespace omap::test;

namespace {

using Floats = std::vector<float>;

MadeTensor tensor(const std::string& key, const Floats& numbers) {
  return tensor_of(key, Dtype::f32, {static_cast<std::int64_t>(numbers.size())}, numbers);
}

/// Mappings with these bodies; each extends the one before, the last is the plan.
Plan chain(const std::vector<std::string>& bodies) {
  std::string text = two_sides;
  // Bases may stand anywhere: the last one comes first.
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    const std::string mapping = fmt::format("mapping m{}: a <-> b{} {{\n{}\n}}\n", i,
                                            i == 0 ? "" : fmt::format(" extends m{}", i - 1), bodies[i]);
    text += mapping;
  }
  return last_plan(text);
}

}  // namespace

TEST_CASE("a chain of three has the params, rules and config of all") {
  const Plan plan = chain({R"(param n: int = a.n ?? b.n
index layer in 0..n
norm.{layer} <-> ln.{layer}
w.{layer} <-> v.{layer}
old <-> old_b
config {
    b.kind = "first"
    n <-> n_layers
    b.extra = 1
})",
                           R"(override norm.{layer} <-> ln.{layer} + 1
head <-> lm_head
config {
    override b.kind = "second"
})",
                           R"(override param n: int = 1
remove a:old
restrict a:w.{layer} when layer < 1
config {
    override b.kind = "third"
    remove b.extra
})"});
  const Value config = *parse_json(R"({"n": 5})", "config");
  const std::vector<MadeTensor> source = {tensor("norm.0", {1, 2}), tensor("w.0", {3}), tensor("head", {4})};
  const auto there = converted(plan, source);
  REQUIRE(there.size() == 3);
  CHECK(elements_of<float>(there.at("ln.0")) == Floats{0, 1});
  CHECK(elements_of<float>(there.at("v.0")) == Floats{3});
  CHECK(elements_of<float>(there.at("lm_head")) == Floats{4});

  std::vector<TensorInfo> infos{{"norm.0", Dtype::f32, {1}, {0, 0, 4}},
                                {"w.0", Dtype::f32, {1}, {0, 4, 4}},
                                {"head", Dtype::f32, {1}, {0, 8, 4}}};
  const auto bound =
      bound_to(plan, TensorIndex({"made.safetensors"}, infos), {Direction::right, {}, {{"config.json", config}}, {}});
  REQUIRE(bound);
  CHECK(dump_json(bound->configs.at("config.json")) == R"({"n_layers":5,"kind":"third"})");
}

TEST_CASE("an override leaves inherited rules that only read its keys") {
  const Plan plan = chain({"embed <-> tokens\nhead <- tokens", "override embed <-> tokens * 2"});
  const auto back = converted(plan, {tensor("tokens", {1, 2})}, {Direction::left, {}, {}, {}});
  CHECK(elements_of<float>(back.at("embed")) == Floats{2, 4});
  CHECK(elements_of<float>(back.at("head")) == Floats{1, 2});
  const auto there = converted(plan, {tensor("embed", {1, 2})});
  CHECK(elements_of<float>(there.at("tokens")) == Floats{0.5f, 1});
  CHECK(there.size() == 1);
}

TEST_CASE("one override clears its keys for all rules that follow") {
  const Plan plan = chain({"index layer in 0..4\nx.{layer} <-> y.{layer}",
                           "override x.{layer} <-> y.{layer} when layer < 2\nx.{layer} <-> z.{layer} when layer >= 2"});
  std::vector<MadeTensor> source;
  for (int i = 0; i < 4; ++i) source.push_back(tensor(fmt::format("x.{}", i), {static_cast<float>(i)}));
  const auto there = converted(plan, source);
  REQUIRE(there.size() == 4);
  CHECK(elements_of<float>(there.at("y.1")) == Floats{1});
  CHECK(elements_of<float>(there.at("z.2")) == Floats{2});
}

TEST_CASE("restrictions of several mappings of a chain all hold") {
  const Plan plan = chain({"index layer in 0..4\nx.{layer} <-> y.{layer}", "restrict a:x.{layer} when layer > 0",
                           "restrict b:y.* when layer < 3"});
  const auto there = converted(plan, {tensor("x.1", {1}), tensor("x.2", {2})});
  CHECK(there.size() == 2);
  CHECK(refusals(plan, {tensor("x.0", {0}), tensor("x.1", {1}), tensor("x.2", {2})}) ==
        std::vector<Code>{Code::source_unclaimed});
}

TEST_CASE("requirements are not inherited, ties, `ignore` and `same` are") {
  const Plan plan = chain({"require a.kind == \"base\"\nx <-> y\ntie a:t = a:x\nignore a:i.*\nsame s.*",
                           "require a.kind == \"m\"\nu <-> v"});
  const std::vector<MadeTensor> source = {tensor("x", {1}), tensor("u", {2}), tensor("t", {1}), tensor("i.0", {3}),
                                          tensor("s.0", {4})};
  const Conversion own{Direction::right, {}, {{"config.json", *parse_json(R"({"kind": "m"})", "config")}}, {}};
  const auto there = converted(plan, source, own);
  CHECK(there.size() == 3);
  CHECK(there.contains("s.0"));
  const Conversion base{Direction::right, {}, {{"config.json", *parse_json(R"({"kind": "base"})", "config")}}, {}};
  CHECK(refusals(plan, source, base) == std::vector<Code>{Code::requirement_failed});
}

TEST_CASE("an overridden param is what inherited expressions read") {
  const Plan plan =
      chain({"param n: int = a.n ?? b.n\nparam twice: int = n * 2\nindex layer in 0..twice\nx.{layer} <-> "
             "y.{layer}",
             "override param n: int = 1"});
  CHECK(converted(plan, {tensor("x.0", {0}), tensor("x.1", {1})}).size() == 2);
}

TEST_CASE("a chain of a thousand mappings is joined") {
  std::vector<std::string> bodies = {"x <-> y"};
  for (int i = 1; i < 1000; ++i) bodies.push_back(fmt::format("override x <-> y.{}", i));
  const auto there = converted(chain(bodies), {tensor("x", {1})});
  CHECK(there.size() == 1);
  CHECK(there.contains("y.999"));
}
