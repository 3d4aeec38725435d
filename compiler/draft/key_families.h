#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/bind/source_keys.h"
#include "runtime/dtype/dtype.h"

namespace omap {

/// Tensors of one dtype and shape whose keys differ in numbers only: one for each choice of the numbers' values.
struct KeyFamily {
  /// What is between the dots of the keys; an empty one is a number.
  std::vector<std::string> segments;
  /// The values of each number, ascending.
  std::vector<std::vector<std::uint64_t>> numbers;
  Dtype dtype = Dtype::f32;
  std::vector<std::int64_t> shape;
};

/// The families of the tensors under a side's root for which `wanted` is set, in the order of their keys.
[[nodiscard]] std::vector<KeyFamily> key_families(const SourceKeys& keys, const std::vector<bool>& wanted);

/// The key of a family's first tensor.
[[nodiscard]] std::string first_key(const KeyFamily& family);

/// `blocks.{0..11}.w [24, 24]`, for people.
[[nodiscard]] std::string spell(const KeyFamily& family);

}  // namespace omap
