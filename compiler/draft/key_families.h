#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/bind/source_keys.h"
#include "runtime/dtype/dtype.h"

namespace omap {

/// Tensors of one dtype and shape whose keys differ in numbers only: one for each choice of the numbers' values.
struct KeyFamily {
  /// What is between the dots of the keys, at least one segment; nothing for a number.
  std::vector<std::optional<std::string>> segments;
  /// The values of each number, ascending: two or more, none above 2^63 - 1.
  std::vector<std::vector<std::uint64_t>> numbers;
  Dtype dtype = Dtype::f32;
  std::vector<std::int64_t> shape;
};

/// The families of the tensors under a side's root for which `wanted` is set, in the order of their keys.
[[nodiscard]] std::vector<KeyFamily> key_families(const SourceKeys& keys, const std::vector<bool>& wanted);

/// Whether a mapping can name them: no key of one is empty, nor has it a control character but a tab and a line feed.
[[nodiscard]] bool can_be_written(const KeyFamily& family);

/// The key of a family's first tensor.
[[nodiscard]] std::string first_key(const KeyFamily& family);

/// `blocks.{0..11}.w [24, 24]`, for people.
[[nodiscard]] std::string spell(const KeyFamily& family);

}  // namespace omap
