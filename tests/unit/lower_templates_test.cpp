// The plans that templates become. The cases of OLMo-core's own tests of its templates are here too, as rules.
#include "runtime/templates/lower_templates.h"

#include <doctest/doctest.h>

#include "runtime/plan/invert.h"
#include "runtime/plan/plan_json.h"
#include "runtime/templates/template_names.h"
#include "tests/unit/lowered_templates.h"

using namespace omap;
using namespace omap::test;
using namespace omap::test::templates;

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
