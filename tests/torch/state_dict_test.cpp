#include "runtime/torch/state_dict.h"

#include "runtime/torch/module_state.h"
#include "runtime/torch/scalar_type.h"
#include "runtime/torch/state_headers.h"
#include "tests/torch/tensor_tests.h"
#include "tests/torch/tiny_module.h"

using namespace omap;
using namespace omap::test;

TEST_CASE("a state keeps the order of its keys and refuses one twice") {
  StateDict state;
  REQUIRE(state.insert("z", counted({2})).has_value());
  REQUIRE(state.insert("a", counted({3})).has_value());
  REQUIRE(code_of(state.insert("z", counted({4}))) == Code::state_key_twice);
  REQUIRE(state.size() == 2);
  REQUIRE(state.entries()[0].first == "z");
  REQUIRE(state.find("a")->size(0) == 3);
  REQUIRE(state.find("b") == nullptr);
  REQUIRE(code_of(StateDict::from({{"k", counted({1})}, {"k", counted({1})}})) == Code::state_key_twice);
  REQUIRE(code_of(state.insert("u", at::Tensor())) == Code::tensor_unsupported);
}

TEST_CASE("a state comes from and becomes a dictionary of LibTorch's") {
  c10::Dict<std::string, at::Tensor> dict;
  dict.insert("second", counted({2, 2}));
  dict.insert("first", counted({3}));
  const StateDict state = value_of(StateDict::from(dict));
  REQUIRE(state.entries()[0].first == "second");
  const auto back = state.to_dict();
  REQUIRE(back.size() == 2);
  REQUIRE(back.begin()->key() == "second");
  REQUIRE(back.at("first").is_same(dict.at("first")));
}

TEST_CASE("headers say what binding needs, for every dtype that LibTorch can make") {
  int made = 0;
  for (int i = 0; i < static_cast<int>(at::ScalarType::NumOptions); ++i) {
    const auto type = static_cast<at::ScalarType>(i);
    at::Tensor tensor;
    try {
      tensor = at::empty({2, 3}, at::TensorOptions(type));
      static_cast<void>(tensor.element_size());
    } catch (const std::exception&) {
      continue;  // This LibTorch does not make such tensors at all.
    }
    if (tensor.is_quantized()) continue;
    ++made;
    const TensorIndex index = value_of(headers_of(state_of_entries({{"t", tensor}})));
    REQUIRE(bits(index.tensors()[0].dtype) == 8 * static_cast<unsigned>(tensor.element_size()));
    REQUIRE((scalar_type_of(index.tensors()[0].dtype) == type));
  }
  REQUIRE(made >= 12);
}

TEST_CASE("tensors that are no strided memory are refused by name") {
  const at::Tensor sparse = at::eye(3).to_sparse();
  const auto headers = headers_of(state_of_entries({{"fine", counted({1})}, {"s", sparse}}));
  REQUIRE(code_of(headers) == Code::tensor_unsupported);
  REQUIRE(headers.error().front().message.find("`s`") != std::string::npos);
  REQUIRE(code_of(StateConverter(plan_of("s <-> t")).convert(state_of_entries({{"s", sparse}}))) ==
          Code::tensor_unsupported);
}

TEST_CASE("a module gives its parameters and buffers, and takes them back") {
  TinyModule module;
  const StateDict state = value_of(omap::state_of(*module));
  std::vector<std::string> keys;
  for (const auto& [key, tensor] : state) keys.push_back(key);
  REQUIRE((keys == std::vector<std::string>{"inner.weight", "inner.bias", "steps"}));
  REQUIRE(shares_memory(*state.find("inner.weight"), module->inner->weight));
  REQUIRE_FALSE(state.find("inner.weight")->requires_grad());

  StateDict other = state_of_entries(
      {{"inner.weight", counted({2, 3})}, {"inner.bias", counted({2})}, {"steps", at::full({}, 7, at::kLong)}});
  REQUIRE(load_state(*module, other).has_value());
  REQUIRE(identical(module->inner->weight.detach(), counted({2, 3})));
  REQUIRE(module->inner->weight.requires_grad());
  REQUIRE(module->steps.item<std::int64_t>() == 7);
}

TEST_CASE("a state that does not fit a module leaves it as it was") {
  TinyModule module;
  const at::Tensor before = module->inner->weight.detach().clone();
  const auto loaded =
      load_state(*module, state_of_entries({{"inner.weight", counted({3, 3})}, {"extra", counted({1})}}));
  REQUIRE_FALSE(loaded.has_value());
  REQUIRE(loaded.error().size() == 3);
  for (const Diagnostic& error : loaded.error()) REQUIRE(error.code == Code::state_mismatch);
  REQUIRE(identical(module->inner->weight.detach(), before));
}

TEST_CASE("a state that shares the module's memory is loaded as it was given") {
  SquareModule module;
  const at::Tensor a = module->first->weight.detach().clone(), b = module->second->weight.detach().clone();
  // The two weights change places, and one is turned: all of it views of what is overwritten.
  const StateDict given = state_of_entries(
      {{"first.weight", module->second->weight.detach().t()}, {"second.weight", module->first->weight.detach()}});
  REQUIRE(load_state(*module, given).has_value());
  REQUIRE(identical(module->first->weight.detach(), b.t()));
  REQUIRE(identical(module->second->weight.detach(), a));
  REQUIRE(load_state(*module, value_of(omap::state_of(*module))).has_value());
  REQUIRE(identical(module->second->weight.detach(), a));
}

TEST_CASE("a state without data is not loaded") {
  SquareModule module;
  const auto loaded = load_state(
      *module, state_of_entries({{"first.weight", at::empty({3, 3}, at::TensorOptions(at::kFloat).device(at::kMeta))},
                                 {"second.weight", counted({3, 3})}}));
  REQUIRE(code_of(loaded) == Code::state_mismatch);
}
