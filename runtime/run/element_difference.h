#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/checkpoint/tensor_index.h"

namespace omap {

/// The largest differences |a - b| and |a - b| / |b| among elements: infinite where one is NaN, or infinite, or the
/// latter where b is 0.
struct LargestDifference {
  double absolute = 0;
  double relative = 0;
  friend bool operator==(const LargestDifference&, const LargestDifference&) = default;
};

/// How many elements differ, the first of them, by its place in the row-major order, and where numbers were compared
/// by how much.
struct ElementDifference {
  std::uint64_t count = 0;
  std::uint64_t first = 0;
  std::optional<LargestDifference> largest = {};
};

/// Bytes in which elements of a type are compared: elements smaller than a byte are compared by bytes.
[[nodiscard]] std::uint64_t compared_bytes(Dtype dtype);

/// Compares two buffers of one size, a multiple of `unit`, in units of `unit` bytes; nothing if they are equal.
[[nodiscard]] std::optional<ElementDifference> differing_units(std::span<const std::byte> a,
                                                               std::span<const std::byte> b, std::uint64_t unit);

/// Finite numbers count as equal where |a - b| <= absolute + relative |b|, others where they are the same. Elements of
/// equal bits always are equal.
struct Tolerance {
  double relative = 0;
  double absolute = 0;
};

/// Compares two buffers of numbers, one size and whole elements; nothing if they are equal. `can_decode(dtype)` holds.
[[nodiscard]] std::optional<ElementDifference> differing_numbers(std::span<const std::byte> a,
                                                                 std::span<const std::byte> b, Dtype dtype,
                                                                 const Tolerance& tolerance);

/// The indices, one for each axis, of the element that unit `unit` of a tensor is, or begins in.
[[nodiscard]] std::vector<std::int64_t> element_index(const TensorInfo& tensor, std::uint64_t unit);
/// A shape, or an index, one number for each axis: `[3, 17]`; `[]` for rank 0.
[[nodiscard]] std::string extents_text(std::span<const std::int64_t> values);

}  // namespace omap
