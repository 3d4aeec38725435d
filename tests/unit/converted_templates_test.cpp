// Templates on bytes. The cases of OLMo-core's own tests of its conversion are here too.
#include <doctest/doctest.h>

#include "tests/unit/lowered_templates.h"

using namespace omap;
using namespace omap::test;
using namespace omap::test::templates;

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
