#pragma once

#include <cstddef>
#include <cstdint>

namespace omap {

/// Elements of N bytes that lie side by side along columns in the source, and along rows in the destination:
///
///     dst[group * group_stride + column * dst_stride + row * N, N]
///       = src[row * src_stride + (group * columns + column) * N, N]
///
/// Strides are bytes, src_stride >= groups * columns * N and dst_stride >= rows * N. Groups let columns that lie
/// together in the source go to places that no one stride reaches; there is more than one only where there is a tile of
/// both.
struct Transpose {
  std::uint64_t element_bytes = 0;
  std::uint64_t rows = 0;
  std::uint64_t columns = 0;
  std::uint64_t src_stride = 0;
  std::uint64_t dst_stride = 0;
  std::uint64_t groups = 1;
  std::uint64_t group_stride = 0;
};

/// How many rows and how many columns, in all groups, make a tile of whole cache lines.
[[nodiscard]] constexpr std::uint64_t tile_edge(std::uint64_t element_bytes) { return 64 / element_bytes; }

/// How many rows fill a register of 16 bytes: with fewer, `transpose` is not the right kernel.
[[nodiscard]] constexpr std::uint64_t least_rows(std::uint64_t element_bytes) { return 16 / element_bytes; }

/// Elements of 1, 2, 4, 8 or 16 bytes, at least `least_rows` rows and one column. `streaming` is for a destination that
/// the caches do not hold and that nobody reads soon: whole lines of it are written past them.
void transpose(const Transpose& shape, bool streaming, const std::byte* src, std::byte* dst);

}  // namespace omap
