#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/checkpoint/tensor_index.h"

namespace omap {

/// How many elements differ in their bits, and the first of them, by its place in the row-major order.
struct ElementDifference {
  std::uint64_t count = 0;
  std::uint64_t first = 0;
};

/// Bytes in which elements of a type are compared: elements smaller than a byte are compared by bytes.
[[nodiscard]] std::uint64_t compared_bytes(Dtype dtype);

/// Compares two buffers of one size, a multiple of `unit`, in units of `unit` bytes; nothing if they are equal.
[[nodiscard]] std::optional<ElementDifference> differing_units(std::span<const std::byte> a,
                                                               std::span<const std::byte> b, std::uint64_t unit);

/// The indices, one for each axis, of the element that unit `unit` of a tensor is, or begins in.
[[nodiscard]] std::vector<std::int64_t> element_index(const TensorInfo& tensor, std::uint64_t unit);
/// A shape, or an index, one number for each axis: `[3, 17]`; `[]` for rank 0.
[[nodiscard]] std::string extents_text(std::span<const std::int64_t> values);

}  // namespace omap
