// What templates become. The cases of OLMo-core's own tests of its templates and of their conversion are here too, as
// rules and on bytes.
#include "runtime/templates/lower_templates.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

#include "diagnostics/render.h"
#include "runtime/plan/invert.h"
#include "runtime/plan/plan_json.h"
#include "runtime/templates/template_names.h"
#include "tests/unit/conversion.h"

namespace {

using namespace omap;
using namespace omap::test;

using Templates = std::vector<StateMappingTemplate>;

Plan lowered(const Templates& templates, const TemplateOptions& options = {}) {
  auto plan = lower_templates("lowered", templates, options);
  if (!plan) {
    for (const Diagnostic& diagnostic : plan.error()) FAIL_CHECK(diagnostic.message);
  }
  REQUIRE(plan);
  return std::move(*plan);
}

std::string spelled(const std::vector<Term>& terms) {
  std::string text;
  for (const Term& term : terms) text += (text.empty() ? "" : ", ") + to_text(term);
  return text;
}

/// The rule that a template becomes.
std::string rule_of(const StateMappingTemplate& mapping) {
  const Plan plan = lowered({mapping});
  REQUIRE(plan.rules.size() == 1);
  CHECK_FALSE(plan.rules[0].to_left);
  return spelled(plan.rules[0].left) + " -> " + spelled(plan.rules[0].right);
}

std::vector<Code> refused(const Templates& templates, const TemplateOptions& options = {}) {
  const auto plan = lower_templates("refused", templates, options);
  std::vector<Code> codes;
  if (plan) return codes;
  for (const Diagnostic& diagnostic : plan.error()) {
    // It can be shown, with the line of the template.
    CHECK_FALSE(render_text(diagnostic, template_text("refused", templates), false).empty());
    codes.push_back(diagnostic.code);
  }
  return codes;
}
using Codes = std::vector<Code>;

Expr integer(std::int64_t value) {
  Expr expr;
  expr.value = Value(value);
  return expr;
}

/// Elements 1, 2, 3, ...
MadeTensor counted(const std::string& key, std::vector<std::int64_t> shape, float first = 1) {
  std::vector<float> elements(static_cast<std::size_t>(omap::elements(shape)));
  std::iota(elements.begin(), elements.end(), first);
  return tensor_of(key, Dtype::f32, std::move(shape), elements);
}

struct Made {
  std::vector<std::int64_t> shape;
  std::vector<float> elements;
  friend bool operator==(const Made&, const Made&) = default;
};
std::map<std::string, Made> convert(const Templates& templates, const std::vector<MadeTensor>& sources,
                                    const Conversion& how = {}) {
  std::map<std::string, Made> made;
  for (const auto& [key, tensor] : converted(lowered(templates), sources, how)) {
    made.emplace(key, Made{tensor.info.shape, elements_of<float>(tensor)});
  }
  return made;
}
using Tensors = std::map<std::string, Made>;

}  // namespace

TEST_CASE("a template of one source and one destination is a rename") {
  CHECK(rule_of({"a", "b"}) == "a -> b");
  CHECK(rule_of({"a.[layer]", "b.[layer]"}) == "a.{layer} -> b.{layer}");
  CHECK(rule_of({"a[0].[head].[expert]", "b[].[expert]/[head]"}) ==
        R"("a[0].{head}.{expert}" -> "b[].{expert}/{head}")");
}

TEST_CASE("dimensions are axes, and those whose number is not known are `...`") {
  CHECK(rule_of({.source_template_keys = {"a1", "a2"}, .dest_template_keys = "b"}) ==
        "a1[a ...], a2[b ...] -> b[(a + b) ...]");
  CHECK(rule_of({.source_template_keys = {"a1", "a2"}, .dest_template_keys = "b", .source_concat_dim = -1}) ==
        "a1[... a], a2[... b] -> b[... (a + b)]");
  CHECK(rule_of({.source_template_keys = {"a1", "a2"}, .dest_template_keys = "b", .source_concat_dim = 2}) ==
        "a1[a b c ...], a2[a b d ...] -> b[a b (c + d) ...]");
  CHECK(rule_of({.source_template_keys = "a", .dest_template_keys = {"b1", "b2"}, .dest_chunk_dim = 1}) ==
        "a[a (b + b) ...] -> b1[a b ...], b2[a b ...]");
  CHECK(rule_of({.source_template_keys = {"a1", "a2"}, .dest_template_keys = {"b1", "b2"}, .dest_chunk_dim = -1}) ==
        "a1[a ... (c + c)], a2[b ... (c + c)] -> b1[(a + b) ... c], b2[(a + b) ... c]");
}

TEST_CASE("a permutation says the rank") {
  CHECK(rule_of({.source_template_keys = "a", .dest_template_keys = "b", .dims_permutation = {{1, 2, 0}}}) ==
        "a[a b c] -> b[b c a]");
  CHECK(rule_of({.source_template_keys = "a", .dest_template_keys = "b", .dims_permutation = {{-1, 0, -2}}}) ==
        "a[a b c] -> b[c a b]");
  CHECK(rule_of({.source_template_keys = "a",
                 .dest_template_keys = "b",
                 .unflatten_dim = {{1, {4, -1}}},
                 .dims_permutation = {{1, 0, 2}}}) == "a[a (c=4 b)] -> b[c=4 a b]");
  CHECK(rule_of({.source_template_keys = "a",
                 .dest_template_keys = "b",
                 .dims_permutation = {{0, 1, 2}},
                 .flatten_dims = {{0, -1}}}) == "a[a b c] -> b[(a b c)]");
}

TEST_CASE("a dimension is unflattened by numbers, bounds and -1") {
  const auto rule = [](Unflattening unflattening) {
    return rule_of(
        {.source_template_keys = "a.[layer]", .dest_template_keys = "b.[layer]", .unflatten_dim = unflattening});
  };
  CHECK(rule({0, {4, -1}}) == "a.{layer}[(b=4 a) ...] -> b.{layer}[b=4 a ...]");
  CHECK(rule({0, {-1, 4, 2}}) == "a.{layer}[(a c=4 b=2) ...] -> b.{layer}[a c=4 b=2 ...]");
  CHECK(rule({-1, {3, 1, 5}}) == "a.{layer}[... (b=3 c=5)] -> b.{layer}[... b=3 1 c=5]");
  CHECK(rule({0, {"[expert]", -1}}) == "a.{layer}[(n_expert a) ...] -> b.{layer}[n_expert a ...]");
  // The bound of a placeholder that is in the keys, twice.
  CHECK(rule({0, {"[layer]", "[layer]", -1}}) ==
        "a.{layer}[(n_layer n_layer_2 a) ...] -> b.{layer}[n_layer n_layer_2 a ...]");
}

TEST_CASE("a placeholder that is expanded is an axis") {
  CHECK(rule_of({.source_template_keys = "l.[layer].e.[expert].w",
                 .dest_template_keys = "b.[layer].w1",
                 .source_key_per_placeholder = "[expert]",
                 .source_concat_dim = 1,
                 .dims_permutation = {{1, 0}}}) == "l.{layer}.e.{expert}.w[a b] -> b.{layer}.w1[(expert b) a]");
  CHECK(rule_of({.source_template_keys = "b.[layer].w1",
                 .dest_template_keys = "l.[layer].e.[expert].w",
                 .dest_key_per_placeholder = "[expert]",
                 .dims_permutation = {{1, 0}},
                 .dest_chunk_dim = 1}) == "b.{layer}.w1[(expert a) b] -> l.{layer}.e.{expert}.w[b a]");
  // Stacked: what is unflattened is what was joined.
  CHECK(rule_of({.source_template_keys = "e.[expert].w",
                 .dest_template_keys = "w",
                 .source_key_per_placeholder = "[expert]",
                 .unflatten_dim = {{0, {"[expert]", -1}}}}) == "e.{expert}.w[a ...] -> w[expert a ...]");
  // Unstacked.
  CHECK(rule_of({.source_template_keys = "w",
                 .dest_template_keys = "e.[expert].w",
                 .dest_key_per_placeholder = "[expert]",
                 .unflatten_dim = {{0, {"[expert]", 4}}},
                 .flatten_dims = {{0, 1}}}) == "w[(expert b=4) ...] -> e.{expert}.w[b=4 ...]");
  // Joined and cut along one dimension: expert by expert. Along two: every expert has a part of every other.
  CHECK(rule_of({.source_template_keys = "a.[expert]",
                 .dest_template_keys = "b.[expert]",
                 .source_key_per_placeholder = "[expert]",
                 .dest_key_per_placeholder = "[expert]"}) == "a.{expert}[a ...] -> b.{expert}[a ...]");
  CHECK(rule_of({.source_template_keys = "a.[expert]",
                 .dest_template_keys = "b.[expert]",
                 .source_key_per_placeholder = "[expert]",
                 .dest_key_per_placeholder = "[expert]",
                 .dest_chunk_dim = 1}) == "a.{expert}[a (expert_2 b) ...] -> b.{expert_2}[(expert a) b ...]");
}

TEST_CASE("what is joined and cut elsewhere is cut by common parts") {
  CHECK(rule_of({.source_template_keys = {"a1", "a2", "a3"}, .dest_template_keys = {"b1", "b2"}}) ==
        "a1[(a + a) ...], a2[(a + a) ...], a3[(a + a) ...] -> b1[(a + a + a) ...], b2[(a + a + a) ...]");
  CHECK(rule_of({.source_template_keys = {"a1", "a2"}, .dest_template_keys = {"b1", "b2"}}) ==
        "a1[a ...], a2[a ...] -> b1[a ...], b2[a ...]");
  // Gate and up, interleaved row by row.
  CHECK(rule_of({.source_template_keys = {"gate", "up"},
                 .dest_template_keys = "b",
                 .unflatten_dim = {{0, {2, -1}}},
                 .dims_permutation = {{1, 0, 2}},
                 .flatten_dims = {{0, 1}}}) == "gate[a b], up[a b] -> b[(a (1 + 1)) b]");
  // Reading order does not pair these pieces: they are marked.
  CHECK(rule_of({.source_template_keys = {"a1", "a2", "a3", "a4"},
                 .dest_template_keys = {"b1", "b2"},
                 .unflatten_dim = {{0, {2, -1}}},
                 .dims_permutation = {{1, 0, 2}},
                 .dest_chunk_dim = 1}) != "");
}

TEST_CASE("what a bound leaves when it is divided is a param") {
  const Plan plan = lowered({{.source_template_keys = "a",
                              .dest_template_keys = {"b1", "b2", "b3", "b4"},
                              .unflatten_dim = {{0, {"[expert]", -1}}}}});
  CHECK(spelled(plan.rules[0].left) ==
        "a[(n_expert_over_4 a + n_expert_over_4 a + n_expert_over_4 a + n_expert_over_4 a) ...]");
  const Param* left = plan.find_param("n_expert_over_4");
  REQUIRE(left);
  CHECK(to_text(*left->value) == "n_expert / 4");
}

TEST_CASE("a placeholder is an index up to a param, which the keys of the sources tell") {
  const Plan plan = lowered({{"a.[layer].x", "b.[layer].x"},
                             {"a.[layer].y", "b.[layer].y"},
                             {.source_template_keys = "a.[layer].w",
                              .dest_template_keys = "b.[layer].e.[expert].w",
                              .dest_key_per_placeholder = "[expert]"}});
  CHECK(bound_param(plan, "layer") == "n_layer");
  CHECK(bound_param(plan, "expert") == "n_expert");
  CHECK(bound_param(plan, "head").empty());
  CHECK(to_text(*plan.find_param("n_layer")->value) ==
        "count(source:a.{_}.x) ?? count(source:a.{_}.y) ?? count(source:a.{_}.w) ?? 0");
  // None where nothing needs it, and else to be set.
  CHECK(to_text(*plan.find_param("n_expert")->value) == "if present(source:a.0.w) then first([]) else 0");
}

TEST_CASE("names that placeholders take are left to them") {
  const Plan plan =
      lowered({{"[n_a].[a].x", "[a].[n_a].x"}, {.source_template_keys = {"x", "y"}, .dest_template_keys = "z"}});
  CHECK(bound_param(plan, "a") == "n_a_2");
  CHECK(bound_param(plan, "n_a") == "n_n_a");
  CHECK(spelled(plan.rules[1].left) == "x[b ...], y[c ...]");
  // A side is called so.
  CHECK(refused({{"a.[source]", "b.[source]"}}) == Codes{Code::plan_malformed});
}

TEST_CASE("a lowered plan is a plan like any other: it is written, read and verified") {
  const Plan plan = lowered(
      {{.source_template_keys = {"a1", "a2", "a3"}, .dest_template_keys = {"b1", "b2"}},
       {.source_template_keys = "l.[layer].e.[expert].w",
        .dest_template_keys = "b.[layer].w1",
        .source_key_per_placeholder = "[expert]",
        .source_concat_dim = 1,
        .dims_permutation = {{1, 0}}},
       {.source_template_keys = "m.[layer]", .dest_template_keys = "n.[layer]", .state_type = StateType::module}});
  CHECK(plan.modules.size() == 1);
  const auto read = read_plan(write_plan(plan), "lowered.plan");
  REQUIRE(read);
  CHECK(without_ranges(*read) == without_ranges(plan));
}

TEST_CASE("templates that cannot be applied are refused") {
  const auto code = [](const StateMappingTemplate& mapping) { return refused({mapping}); };
  const Codes malformed{Code::template_malformed};
  CHECK(code({TemplateKeys(), "b"}) == malformed);
  CHECK(code({"", "b"}) == malformed);
  CHECK(code({"a\xff", "b"}) == malformed);
  // The placeholder to expand is another one, or none is there.
  CHECK(code({.source_template_keys = "a.[expert]",
              .dest_template_keys = "b",
              .source_key_per_placeholder = "[layer]"}) == malformed);
  CHECK(code({.source_template_keys = "a", .dest_template_keys = "b", .source_key_per_placeholder = "[layer]"}) ==
        malformed);
  CHECK(
      code({.source_template_keys = "a", .dest_template_keys = "b.[expert]", .dest_key_per_placeholder = "[layer]"}) ==
      malformed);
  CHECK(code({.source_template_keys = "a", .dest_template_keys = "b", .dest_key_per_placeholder = "[layer]"}) ==
        malformed);
  CHECK(code({.source_template_keys = {"a.[layer]", "c.[layer]"},
              .dest_template_keys = "b",
              .source_key_per_placeholder = "[layer]"}) == malformed);
  CHECK(code({.source_template_keys = "a.[x]", .dest_template_keys = "b", .source_key_per_placeholder = "x"}) ==
        malformed);
  CHECK(code({.source_template_keys = "a", .dest_template_keys = "b", .unflatten_dim = {{0, {-1, -1}}}}) == malformed);
  CHECK(code({.source_template_keys = "a", .dest_template_keys = "b", .unflatten_dim = {{0, {0, 2}}}}) == malformed);
  CHECK(code({.source_template_keys = "a", .dest_template_keys = "b", .unflatten_dim = {{0, {}}}}) == malformed);
  CHECK(code({.source_template_keys = "a", .dest_template_keys = "b", .unflatten_dim = {{0, {"expert", 2}}}}) ==
        malformed);
  CHECK(code({.source_template_keys = "a", .dest_template_keys = "b", .unflatten_dim = {{99, {2, 2}}}}) == malformed);
  CHECK(code({.source_template_keys = "a", .dest_template_keys = "b", .dims_permutation = {{0, 0}}}) == malformed);
  CHECK(code({.source_template_keys = "a", .dest_template_keys = "b", .dims_permutation = {{0, 2}}}) == malformed);
  CHECK(code({.source_template_keys = "a", .dest_template_keys = "b", .flatten_dims = {{1, 0}}}) == malformed);
  CHECK(code({.source_template_keys = "a",
              .dest_template_keys = "b",
              .unflatten_dim = {{2, {2, 2}}},
              .dims_permutation = {{0, 1, 2}}}) == malformed);
  CHECK(code({.source_template_keys = {"a", "c"}, .dest_template_keys = "b", .state_type = StateType::module}) ==
        malformed);
}

TEST_CASE("a template that no value of its placeholders would fit is refused") {
  const Codes never{Code::template_never_applies};
  CHECK(refused({{"a.[layer]", "b"}}) == never);
  CHECK(refused({{"a", "b.[layer]"}}) == never);
  CHECK(refused({{.source_template_keys = {"a.[layer]", "c"}, .dest_template_keys = "b.[layer]"}}) == never);
  CHECK(refused({{.source_template_keys = "a.[layer]",
                  .dest_template_keys = "b.[layer]",
                  .source_key_per_placeholder = "[layer]"}}) == never);
}

TEST_CASE("a template that joins dimensions without saying how many is refused") {
  const Codes unknown{Code::template_rank_unknown};
  CHECK(refused({{.source_template_keys = "a", .dest_template_keys = "b", .flatten_dims = {{0, -1}}}}) == unknown);
  CHECK(refused({{.source_template_keys = "a", .dest_template_keys = "b", .flatten_dims = {{-1, 0}}}}) == unknown);
  CHECK(rule_of({.source_template_keys = "a", .dest_template_keys = "b", .flatten_dims = {{-2, -1}}}) ==
        "a[... b a] -> b[... (b a)]");
}

TEST_CASE("a template whose pieces no plan can say is refused") {
  const Codes inexpressible{Code::template_inexpressible};
  // Two tensors are joined and cut for each expert, along one dimension: an expert has its part of one of the two.
  CHECK(refused({{.source_template_keys = {"gate", "up"},
                  .dest_template_keys = "e.[expert]",
                  .dest_key_per_placeholder = "[expert]"}}) == inexpressible);
  CHECK(refused({{.source_template_keys = "e.[expert]",
                  .dest_template_keys = {"b1", "b2"},
                  .source_key_per_placeholder = "[expert]"}}) == inexpressible);
  CHECK(refused({{.source_template_keys = "a", .dest_template_keys = {"b1", "b2"}, .unflatten_dim = {{0, {3, 5}}}}}) ==
        inexpressible);
  CHECK(refused({{.source_template_keys = "a", .dest_template_keys = "b", .unflatten_dim = {{0, {1 << 20, -1}}}},
                 {.source_template_keys = {"c", "d"},
                  .dest_template_keys = "e",
                  .unflatten_dim = {{0, {999999937, -1}}}}}) == Codes{Code::plan_limit});
  CHECK(refused({{.source_template_keys = "a", .dest_template_keys = std::vector<std::string>(2000, "b")}}) ==
        Codes{Code::plan_limit});
}

TEST_CASE("what is known of the states lets more templates lower") {
  TemplateOptions options;
  options.bounds = {{"expert", 4}};
  options.rank = [](const std::string&) { return std::optional<std::size_t>(2); };
  const auto rule = [&](const StateMappingTemplate& mapping) {
    const Plan plan = lowered({mapping}, options);
    return spelled(plan.rules[0].left) + " -> " + spelled(plan.rules[0].right);
  };
  // Keys are written out only where that is needed.
  CHECK(rule({.source_template_keys = {"gate", "up"},
              .dest_template_keys = "e.[expert]",
              .dest_key_per_placeholder = "[expert]"}) ==
        "gate[(a + a) b], up[(a + a) b] -> e.0[a b], e.1[a b], e.2[a b], e.3[a b]");
  CHECK(rule({.source_template_keys = "e.[expert]",
              .dest_template_keys = "w",
              .source_key_per_placeholder = "[expert]"}) == "e.{expert}[a b] -> w[(expert a) b]");
  CHECK(rule({.source_template_keys = "a", .dest_template_keys = "b", .flatten_dims = {{0, -1}}}) ==
        "a[a b] -> b[(a b)]");
  const Plan plan = lowered({{"a.[expert]", "b.[expert]"}}, options);
  CHECK(*plan.find_param("n_expert")->value == integer(4));
  CHECK(refusals(plan, {counted("a.0", {2})}) == Codes{Code::source_missing});
}

TEST_CASE("two templates that write one key are refused, where they are read or when both apply") {
  CHECK(refused({{"a", "x"}, {"a", "x"}}) == Codes{Code::key_written_twice});
  CHECK(refused({{"g.[layer]", "r.[layer]"},
                 {.source_template_keys = "g.[layer]", .dest_template_keys = "r.[layer]", .flatten_dims = {{0, 1}}}}) ==
        Codes{Code::key_written_twice});
  const Plan either = lowered({{"a", "x"}, {"b", "x"}});
  CHECK(refusals(either, {counted("a", {2})}).empty());
  CHECK(refusals(either, {counted("b", {2})}).empty());
  CHECK(refusals(either, {counted("a", {2}), counted("b", {2})}) == Codes{Code::destination_twice});
}

TEST_CASE("tensors are renamed, joined, permuted, flattened and cut as OLMo-core does it") {
  CHECK(convert({{"a", "b"}}, {counted("a", {2})}) == Tensors{{"b", {{2}, {1, 2}}}});
  CHECK(convert({{.source_template_keys = {"a1", "a2"}, .dest_template_keys = "b", .source_concat_dim = 1}},
                {counted("a1", {1, 2}), counted("a2", {1, 2}, 3)}) == Tensors{{"b", {{1, 4}, {1, 2, 3, 4}}}});
  CHECK(convert(
            {{.source_template_keys = "a[layer]", .dest_template_keys = "b", .source_key_per_placeholder = "[layer]"}},
            {counted("a0", {1, 2}), counted("a1", {1, 2}, 3), counted("a2", {1, 2}, 5)}) ==
        Tensors{{"b", {{3, 2}, {1, 2, 3, 4, 5, 6}}}});
  CHECK(convert({{.source_template_keys = "a", .dest_template_keys = {"b1", "b2"}, .dest_chunk_dim = 1}},
                {counted("a", {2, 2})}) == Tensors{{"b1", {{2, 1}, {1, 3}}}, {"b2", {{2, 1}, {2, 4}}}});
  CHECK(convert(
            {{.source_template_keys = "a", .dest_template_keys = "b[expert]", .dest_key_per_placeholder = "[expert]"}},
            {counted("a", {3, 2})}, {.settings = {"n_expert=3"}}) ==
        Tensors{{"b0", {{1, 2}, {1, 2}}}, {"b1", {{1, 2}, {3, 4}}}, {"b2", {{1, 2}, {5, 6}}}});
  CHECK(convert({{.source_template_keys = "a", .dest_template_keys = "b", .dims_permutation = {{1, 2, 0}}}},
                {counted("a", {2, 2, 2})}) == Tensors{{"b", {{2, 2, 2}, {1, 5, 2, 6, 3, 7, 4, 8}}}});
  CHECK(convert({{.source_template_keys = "a", .dest_template_keys = "b", .flatten_dims = {{0, 1}}}},
                {counted("a", {2, 2, 2})}) == Tensors{{"b", {{4, 2}, {1, 2, 3, 4, 5, 6, 7, 8}}}});
  CHECK(convert({{.source_template_keys = "a", .dest_template_keys = "b", .unflatten_dim = {{0, {4, -1}}}}},
                {counted("a", {8})}) == Tensors{{"b", {{4, 2}, {1, 2, 3, 4, 5, 6, 7, 8}}}});
  CHECK(convert({{.source_template_keys = {"a1", "a2", "a3"}, .dest_template_keys = {"b1", "b2"}}},
                {counted("a1", {2}), counted("a2", {2}, 3), counted("a3", {2}, 5)}) ==
        Tensors{{"b1", {{3}, {1, 2, 3}}}, {"b2", {{3}, {4, 5, 6}}}});
}

TEST_CASE("sizes that do not divide are refused, where a piece would be left out") {
  const Plan halves = lowered({{.source_template_keys = "a", .dest_template_keys = {"b1", "b2", "b3", "b4"}}});
  CHECK(refusals(halves, {counted("a", {8})}).empty());
  // Pieces of two, of which there are three.
  CHECK(refusals(halves, {counted("a", {5})}) == Codes{Code::extent_indivisible});
}

TEST_CASE("a template whose sources are absent is left out, and one that has some of them needs all") {
  const Plan plan = lowered({{"a.[layer]", "b.[layer]"},
                             {.source_template_keys = {"q.[layer]", "k.[layer]"}, .dest_template_keys = "qk.[layer]"},
                             {.source_template_keys = "w.[layer]",
                              .dest_template_keys = "e.[layer].[expert]",
                              .dest_key_per_placeholder = "[expert]"}});
  const auto layers = [](const std::string& stem, std::initializer_list<int> numbers) {
    std::vector<MadeTensor> made;
    for (const int number : numbers) made.push_back(counted(stem + std::to_string(number), {2}));
    return made;
  };
  const auto both = [](std::vector<MadeTensor> a, const std::vector<MadeTensor>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  };
  CHECK(refusals(plan, layers("a.", {0, 1, 2})).empty());
  CHECK(refusals(plan, {}).empty());
  CHECK(refusals(plan, both(layers("a.", {0, 1}), both(layers("q.", {0, 1}), layers("k.", {0, 1})))).empty());
  // No expert is counted in `a` or `w`: that it is not known is said where it is needed.
  CHECK(refusals(plan, layers("w.", {0, 1})) == Codes{Code::value_unavailable});
  CHECK(refusals(plan, layers("w.", {0, 1}), {.settings = {"n_expert=2"}}).empty());
  // A hole, whole or in part; and a layer more than was said.
  CHECK(refusals(plan, layers("a.", {0, 2})) == Codes{Code::source_missing});
  CHECK(refusals(plan, both(layers("a.", {0, 1}), layers("q.", {0, 1}))) == Codes{Code::source_missing});
  CHECK(refusals(plan, both(layers("a.", {0, 1}), both(layers("q.", {0, 1}), layers("k.", {1})))) ==
        Codes{Code::source_missing});
  CHECK(refusals(plan, layers("a.", {1, 2})) == Codes{Code::source_unclaimed});
  CHECK(refusals(plan, layers("a.", {0, 1}), {.settings = {"n_layer=3"}}) == Codes{Code::source_missing});
  CHECK(refusals(plan, layers("a.", {0, 1}), {.settings = {"n_layer=1"}}) == Codes{Code::source_unclaimed});
}

TEST_CASE("layers may differ where templates are left out by value") {
  TemplateOptions options;
  options.absence = Absence::by_value;
  const Plan plan = lowered({{"l.[layer].mlp", "m.[layer].mlp"},
                             {.source_template_keys = "l.[layer].e.[expert]",
                              .dest_template_keys = "m.[layer].experts",
                              .source_key_per_placeholder = "[expert]"}},
                            options);
  const std::vector<MadeTensor> state = {counted("l.0.mlp", {2}), counted("l.1.e.0", {2}), counted("l.1.e.1", {2}),
                                         counted("l.2.mlp", {2})};
  // The experts are not in layer 0, where they would be counted: none are found for them.
  CHECK(refusals(plan, state) == Codes{Code::extent_undetermined, Code::source_unclaimed});
  const auto made = converted(plan, state, {.settings = {"n_expert=2"}});
  CHECK(made.size() == 3);
  CHECK(made.at("m.1.experts").info.shape == std::vector<std::int64_t>{4});
}

TEST_CASE("errors quote the template") {
  const Templates templates = {{"x", "y"}, {"a.[layer]", "b"}};
  const auto plan = lower_templates("olmo2", templates);
  REQUIRE_FALSE(plan);
  const std::string text = render_text(plan.error().front(), template_text("olmo2", templates), false);
  CHECK(text.find("--> olmo2.templates:2:14") != std::string::npos);
  CHECK(text.find("a.[layer] -> b") != std::string::npos);
}
