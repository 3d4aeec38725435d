#pragma once

// LibTorch brings another macro `CHECK`, which ends the program and counts nothing. And it tells doctest how to print
// containers whose elements nothing prints: such comparisons stand in parentheses of their own.
#include <ATen/ATen.h>
#undef CHECK
#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "compiler/compile.h"
#include "runtime/torch/state_converter.h"

namespace omap::test {

inline Plan plan_of(const std::string& body) {
  Compilation compilation =
      compile("test.omap", "omap 1\nside a: safetensors\nside b: safetensors\nmapping m: a <-> b {\n" + body + "\n}\n");
  for (const Diagnostic& diagnostic : compilation.diagnostics) MESSAGE(diagnostic.message);
  REQUIRE_FALSE(compilation.plans.empty());
  return std::move(compilation.plans.back());
}

inline StateDict state_of_entries(std::vector<StateDict::Entry> entries) {
  auto state = StateDict::from(std::move(entries));
  REQUIRE(state.has_value());
  return std::move(*state);
}

/// 0, 1, 2, ... in float32.
inline at::Tensor counted(std::vector<std::int64_t> shape) {
  std::int64_t elements = 1;
  for (const std::int64_t extent : shape) elements *= extent;
  return at::arange(elements, at::kFloat).view(shape);
}

template <class T>
T value_of(Result<T> result) {
  if (!result) {
    for (const Diagnostic& error : result.error()) MESSAGE(error.message);
  }
  REQUIRE(result.has_value());
  return std::move(*result);
}

inline StateDict converted(const Plan& plan, StateDict state, const ConvertOptions& options = {},
                           const Bounds& bounds = {}, Direction direction = Direction::right) {
  return value_of(StateConverter(plan, direction).convert(std::move(state), bounds, StateType::weight, options));
}

template <class T>
Code code_of(const Result<T>& result) {
  REQUIRE_FALSE(result.has_value());
  return result.error().front().code;
}

/// Same dtype, shape and bits.
inline bool identical(const at::Tensor& a, const at::Tensor& b) {
  if (a.scalar_type() != b.scalar_type() || !a.is_same_size(b)) return false;
  const auto dense = [](const at::Tensor& t) {
    return (t._is_zerotensor() ? at::zeros(t.sizes(), t.options()) : t.cpu()).contiguous();
  };
  const at::Tensor x = dense(a), y = dense(b);
  return x.nbytes() == 0 || std::memcmp(x.data_ptr(), y.data_ptr(), x.nbytes()) == 0;
}

/// Whether `view` lies in the memory of `whole`.
inline bool shares_memory(const at::Tensor& view, const at::Tensor& whole) {
  return view.storage().data() == whole.storage().data();
}

}  // namespace omap::test
