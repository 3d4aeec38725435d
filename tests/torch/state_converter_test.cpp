#include "runtime/torch/state_converter.h"

#include <thread>

#include "tests/torch/tensor_tests.h"

using namespace omap;
using namespace omap::test;

namespace {

const char* const experts = R"(
    param n: int
    index layer in 0..count(a:blocks.{_}.w1)
    index expert in 0..n
    blocks.{layer}.w1[(expert d) h] <-> layers.{layer}.experts.{expert}.gate[h d]
    norm <-> ln_f
)";

StateDict expert_state() {
  return state_of_entries(
      {{"blocks.0.w1", counted({6, 4})}, {"blocks.1.w1", counted({6, 4}) + 100}, {"norm", counted({5})}});
}

}  // namespace

TEST_CASE("mappings are listed without touching data") {
  const StateConverter converter(plan_of(experts));
  const auto mappings = value_of(converter.get_mappings(expert_state(), {{"n", 2}}));
  REQUIRE(mappings.size() == 3);
  REQUIRE((mappings[0].source_keys == std::vector<std::string>{"blocks.0.w1"}));
  REQUIRE((mappings[0].dest_keys == std::vector<std::string>{"layers.0.experts.0.gate", "layers.0.experts.1.gate"}));
  REQUIRE((mappings[0].source_shapes == std::vector<std::vector<std::int64_t>>{{6, 4}}));
  REQUIRE((mappings[0].dest_shapes == std::vector<std::vector<std::int64_t>>{{4, 3}, {4, 3}}));
  REQUIRE((mappings[0].equation == "blocks.{layer}.w1[(expert d) h] -> layers.{layer}.experts.{expert}.gate[h d]"));
  REQUIRE((mappings[2].equation == "norm -> ln_f"));

  // Headers are enough: nothing on the device `meta` has any.
  std::vector<StateDict::Entry> headers;
  for (const auto& [key, tensor] : expert_state()) headers.emplace_back(key, tensor.to(at::kMeta));
  REQUIRE(value_of(converter.get_mappings(state_of_entries(headers), {{"n", 2}})).size() == 3);
}

TEST_CASE("a conversion and its inverse give the state back") {
  const Plan plan = plan_of(experts);
  const StateDict there = converted(plan, expert_state(), {}, {{"n", 3}});
  REQUIRE(there.size() == 7);
  REQUIRE(identical(*there.find("layers.1.experts.2.gate"), (counted({6, 4}) + 100).slice(0, 4, 6).t().contiguous()));
  const StateDict back = converted(plan, there, {}, {{"layer", 2}, {"expert", 3}}, Direction::left);
  REQUIRE(back.size() == 3);
  for (const auto& [key, tensor] : expert_state()) {
    REQUIRE(back.contains(key));
    REQUIRE(identical(*back.find(key), tensor));
  }
}

TEST_CASE("the model is cast to a dtype, and what differs from it keeps its own") {
  const Plan plan = plan_of("w[a b] <-> v[b a]\n router <-> gate\n ids <-> positions\n x <-> y as f64");
  const at::Tensor w = (counted({40, 30}) / 7).to(at::kBFloat16), router = counted({9}) / 3, x = w.narrow(0, 0, 3);
  const at::Tensor ids = at::arange(5, at::kLong);
  const StateDict state = state_of_entries({{"w", w}, {"router", router}, {"ids", ids}, {"x", x}});
  for (const at::ScalarType dtype : {at::kHalf, at::kFloat, at::kDouble}) {
    for (const auto views : {ConvertOptions::Views::never, ConvertOptions::Views::allowed}) {
      std::vector<Code> notes;
      ConvertOptions options;
      options.dtype = dtype;
      options.views = views;
      options.note = [&](const Diagnostic& note) { notes.push_back(note.code); };
      const StateDict made = converted(plan, state, options);
      REQUIRE(identical(*made.find("v"), w.t().contiguous().to(dtype)));
      REQUIRE(identical(*made.find("gate"), router));
      REQUIRE(identical(*made.find("positions"), ids));
      REQUIRE(identical(*made.find("y"), x.to(at::kDouble)));
      const bool rounds = dtype == at::kHalf;
      REQUIRE(std::ranges::count(notes, Code::result_inexact) == (rounds ? 1 : 0));
    }
  }
  // The dtype that it has: nothing is cast, and views stay views.
  ConvertOptions same;
  same.dtype = at::kBFloat16;
  same.views = ConvertOptions::Views::allowed;
  REQUIRE(shares_memory(*converted(plan, state, same).find("v"), w));
  for (const at::ScalarType dtype : {at::kInt, at::kBool, at::kComplexFloat}) {
    ConvertOptions refused;
    refused.dtype = dtype;
    REQUIRE(code_of(StateConverter(plan).convert(state, {}, StateType::weight, refused)) == Code::dtype_not_computable);
  }
}

TEST_CASE("bounds name params and indexes, and are checked") {
  const StateConverter converter(plan_of(experts));
  REQUIRE(code_of(converter.get_mappings(expert_state(), {{"m", 2}})) == Code::unknown_setting);
  REQUIRE(code_of(converter.get_mappings(expert_state(), {{"n", "two"}})) == Code::value_type);
  REQUIRE(code_of(converter.get_mappings(expert_state(), {{"expert", -1}})) == Code::value_type);
  REQUIRE(code_of(converter.get_mappings(expert_state())) == Code::value_unavailable);
  REQUIRE(code_of(converter.get_mappings(expert_state(), {{"n", 4}})) == Code::extent_indivisible);
  // A list: which values there are.
  const StateDict only = state_of_entries({{"blocks.1.w1", counted({6, 4})}, {"norm", counted({5})}});
  const auto mappings = value_of(converter.get_mappings(only, {{"n", 2}, {"layer", Value::List{1}}}));
  REQUIRE((mappings[0].dest_keys[0] == "layers.1.experts.0.gate"));
}

TEST_CASE("what a state lacks and what nothing reads are errors, all at once") {
  const auto made =
      StateConverter(plan_of(experts))
          .convert(state_of_entries({{"blocks.0.w1", counted({6, 4})}, {"other", counted({1})}}), {{"n", 2}});
  REQUIRE_FALSE(made.has_value());
  std::vector<Code> codes;
  for (const Diagnostic& error : made.error()) codes.push_back(error.code);
  REQUIRE(std::ranges::count(codes, Code::source_missing) == 1);
  REQUIRE(std::ranges::count(codes, Code::source_unclaimed) == 1);
}

TEST_CASE("names of modules are mapped, and those that no rule knows are no error") {
  const Plan plan = plan_of(R"(
    index layer in 0..2
    blocks.{layer}.w <-> layers.{layer}.w
    state module {
        blocks.{layer} <-> layers.{layer}
        blocks.{layer}.attn <-> layers.{layer}.self_attn
        lm_head <-> head
    }
)");
  const StateConverter converter(plan);
  const StateDict activations =
      state_of_entries({{"blocks.1", counted({2})}, {"blocks.0.attn", counted({3})}, {"dropout", counted({1})}});
  const auto mappings = value_of(converter.get_mappings(activations, {}, StateType::module));
  REQUIRE(mappings.size() == 2);
  const StateDict made = value_of(converter.convert(activations, {}, StateType::module));
  REQUIRE(made.size() == 2);
  REQUIRE(made.find("layers.1")->is_same(*activations.find("blocks.1")));
  REQUIRE(made.contains("layers.0.self_attn"));
}

TEST_CASE("arithmetic and casts are computed, and said to be inexact") {
  const Plan plan = plan_of("norm <-> ln + 1\nw as bf16 <-> v as f32");
  std::vector<Code> notes;
  ConvertOptions options;
  options.note = [&](const Diagnostic& note) { notes.push_back(note.code); };
  const StateDict made =
      converted(plan, state_of_entries({{"norm", at::full({3}, 1.5)}, {"w", counted({4}).to(at::kBFloat16)}}), options);
  REQUIRE(identical(*made.find("ln"), at::full({3}, 0.5)));
  REQUIRE(identical(*made.find("v"), counted({4})));
  REQUIRE((notes == std::vector<Code>{Code::result_inexact}));
}

TEST_CASE("tied tensors are compared by their bits") {
  const Plan plan = plan_of("w <-> v\ntie a:head = a:w");
  const at::Tensor nan = at::full({2}, NAN);
  REQUIRE(converted(plan, state_of_entries({{"w", nan}, {"head", nan.clone()}})).size() == 1);
  const auto differs =
      StateConverter(plan).convert(state_of_entries({{"w", at::zeros({2})}, {"head", -at::zeros({2})}}));
  REQUIRE(code_of(differs) == Code::tie_differs);
}

TEST_CASE("two threads use one converter at once") {
  const StateConverter converter(plan_of(experts));
  const StateDict state = expert_state();
  const StateDict wanted = value_of(converter.convert(state, {{"n", 2}}));
  std::vector<int> right(4, 0);
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < right.size(); ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 50; ++i) {
          const auto made = converter.convert(state, {{"n", 2}}, StateType::weight, {.threads = 2});
          const auto mappings = converter.get_mappings(state, {{"n", 3}});
          if (!made || !mappings || made->size() != wanted.size()) continue;
          right[t] += std::ranges::all_of(
              wanted, [&](const auto& entry) { return identical(*made->find(entry.first), entry.second); });
        }
      });
    }
  }
  REQUIRE((right == std::vector<int>(4, 50)));
}

TEST_CASE("templates of OLMo-core's convert states, with the bounds that they are given") {
  const StateConverter converter({
      {.source_template_keys = "blocks.[layer].experts.mlp.w1",
       .dest_template_keys = "layers.[layer].experts.[expert].gate.weight",
       .dest_key_per_placeholder = "[expert]",
       .unflatten_dim = Unflattening{0, {"[expert]", -1}},
       .dims_permutation = {{0, 2, 1}},
       .flatten_dims = {{0, 1}},
       .dest_chunk_dim = 0},
      {.source_template_keys = {"blocks.[layer].q", "blocks.[layer].k"},
       .dest_template_keys = "layers.[layer].qk",
       .source_concat_dim = 0},
      {.source_template_keys = "blocks.[layer]",
       .dest_template_keys = "layers.[layer]",
       .state_type = StateType::module},
  });
  const at::Tensor w1 = counted({2 * 3, 4});
  const StateDict state = state_of_entries(
      {{"blocks.0.experts.mlp.w1", w1}, {"blocks.0.q", counted({2, 3})}, {"blocks.0.k", counted({1, 3}) + 9}});
  const StateDict made = value_of(converter.convert(state, {{"layer", 1}, {"expert", 2}}));
  REQUIRE(made.size() == 3);
  const at::Tensor turned = w1.unflatten(0, {2, -1}).permute({0, 2, 1}).flatten(0, 1);
  REQUIRE(identical(*made.find("layers.0.experts.1.gate.weight"), turned.chunk(2, 0)[1]));
  REQUIRE(identical(*made.find("layers.0.qk"), at::cat({counted({2, 3}), counted({1, 3}) + 9})));
  REQUIRE(value_of(converter.get_mappings(state, {{"expert", 2}})).size() == 2);
  // 4 experts do not divide 6 rows: LibTorch's chunk would drop some without a word.
  REQUIRE(code_of(converter.convert(state, {{"expert", 4}})) == Code::extent_indivisible);

  const StateDict modules = state_of_entries({{"blocks.0", counted({1})}, {"dropout", counted({1})}});
  const StateDict named = value_of(converter.convert(modules, {{"layer", 1}}, StateType::module));
  REQUIRE(named.size() == 1);
  REQUIRE(named.contains("layers.0"));
}
