// Templates that become no plan, and why.
#include <doctest/doctest.h>

#include "tests/unit/lowered_templates.h"

using namespace omap;
using namespace omap::test;
using namespace omap::test::templates;

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

TEST_CASE("errors quote the template") {
  const Templates templates = {{"x", "y"}, {"a.[layer]", "b"}};
  const auto plan = lower_templates("olmo2", templates);
  REQUIRE_FALSE(plan);
  const std::string text = render_text(plan.error().front(), template_text("olmo2", templates), false);
  CHECK(text.find("--> olmo2.templates:2:14") != std::string::npos);
  CHECK(text.find("a.[layer] -> b") != std::string::npos);
}
