#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/checkpoint/tensor_index.h"
#include "runtime/run/element_difference.h"

namespace omap {

/// A tensor of both checkpoints whose headers say different things.
template <class Property>
struct HeaderDifference {
  std::string key;
  Property a{};
  Property b{};
  friend bool operator==(const HeaderDifference&, const HeaderDifference&) = default;
};

/// A tensor of both checkpoints, of one dtype and one shape, whose bits differ, or its numbers by more than was
/// allowed.
struct BitDifference {
  std::string key;
  /// Elements that differ; for types smaller than a byte, bytes that differ.
  std::uint64_t count = 0;
  /// The indices of the first of them; for types smaller than a byte, of the element that the byte begins in.
  std::vector<std::int64_t> first;
  /// Among those elements, where they were compared as numbers.
  std::optional<LargestDifference> largest = {};
  friend bool operator==(const BitDifference&, const BitDifference&) = default;
};

/// How two checkpoints differ; keys stand in the order of `a`, those of `b` alone in the order of `b`.
/// Bits are compared, not values, unless a tolerance was given: NaNs of equal bits are equal, 0 and -0 are not.
struct Comparison {
  std::vector<std::string> only_a;
  std::vector<std::string> only_b;
  std::vector<HeaderDifference<Dtype>> dtypes;
  std::vector<HeaderDifference<std::vector<std::int64_t>>> shapes;
  std::vector<BitDifference> bits;
  /// What keys of `a`, or of `b`, begin with and those of the other do not: left out before keys were compared.
  std::string root_a;
  std::string root_b;
  /// Tensors that are the same in both, name, dtype, shape and bits.
  std::uint64_t equal = 0;

  [[nodiscard]] bool same() const;
  /// Neither had a tensor: such a comparison says nothing.
  [[nodiscard]] bool of_nothing() const { return same() && equal == 0; }
  friend bool operator==(const Comparison&, const Comparison&) = default;
};

/// Tensors of one key, dtype and shape, by their places in the two indexes.
struct AlikeTensors {
  std::uint32_t a = 0;
  std::uint32_t b = 0;
};

/// What headers say of the differences, and in the order of `a` the tensors whose bits are left to compare.
struct HeaderComparison {
  Comparison found;
  std::vector<AlikeTensors> alike;
};

/// Tensors of `b` whose keys do not begin with `root` are left out.
[[nodiscard]] HeaderComparison compare_headers(const TensorIndex& a, const TensorIndex& b, std::string_view root = {});

/// Adds what a part of a tensor differs in to what is known of the whole.
void add_part(std::optional<ElementDifference>& whole, const ElementDifference& part);

/// Completes a comparison by what the bits of the alike tensors differ in; `differences` is parallel to them.
[[nodiscard]] Comparison with_bits(HeaderComparison headers, const TensorIndex& a,
                                   std::span<const std::optional<ElementDifference>> differences);

}  // namespace omap
