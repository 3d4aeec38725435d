#include "runtime/copy/element_loops.h"

#include <algorithm>
#include <cstring>

namespace omap {
namespace {

/// One loop over elements of N bytes.
template <std::size_t N>
inline void copy_row(std::uint64_t count, const std::byte* src, std::uint64_t src_stride, std::byte* dst,
                     std::uint64_t dst_stride) {
  if (src_stride == N && dst_stride == N) {
    std::memcpy(dst, src, count * N);
    return;
  }
  for (std::uint64_t i = 0; i < count; ++i) std::memcpy(dst + i * dst_stride, src + i * src_stride, N);
}

template <std::size_t N>
void in_order(const CopyDim& outer, const CopyDim& inner, const std::byte* src, std::byte* dst) {
  for (std::uint64_t i = 0; i < outer.extent; ++i) {
    copy_row<N>(inner.extent, src + i * outer.src_stride, inner.src_stride, dst + i * outer.dst_stride,
                inner.dst_stride);
  }
}

/// Elements along one edge of a tile: rows of two cache lines, which loads and stores fill whole but for their ends.
template <std::size_t N>
inline constexpr std::uint64_t tile_edge = 128 / N;

/// A tile of at most tile_edge x tile_edge elements, through a block that lives in L1: each cache line of either tensor
/// is touched once, whole. Without the block, strides of a power of two would map the tile's lines to a few cache sets,
/// which evict each other.
template <std::size_t N>
inline void copy_tile(std::uint64_t rows, std::uint64_t columns, const CopyDim& outer, const CopyDim& inner,
                      const std::byte* src, std::byte* dst) {
  constexpr std::uint64_t edge = tile_edge<N>;
  std::byte block[edge * edge * N];
  std::byte line[edge * N];
  for (std::uint64_t j = 0; j < columns; ++j) {
    copy_row<N>(rows, src + j * inner.src_stride, outer.src_stride, block + j * edge * N, N);
  }
  for (std::uint64_t i = 0; i < rows; ++i) {
    copy_row<N>(columns, block + i * N, edge * N, line, N);
    copy_row<N>(columns, line, N, dst + i * outer.dst_stride, inner.dst_stride);
  }
}

template <std::size_t N>
void in_tiles(const CopyDim& outer, const CopyDim& inner, const std::byte* src, std::byte* dst) {
  constexpr std::uint64_t edge = tile_edge<N>;
  for (std::uint64_t j = 0; j < inner.extent; j += edge) {
    for (std::uint64_t i = 0; i < outer.extent; i += edge) {
      const std::uint64_t rows = std::min(edge, outer.extent - i);
      const std::uint64_t columns = std::min(edge, inner.extent - j);
      const std::byte* from = src + i * outer.src_stride + j * inner.src_stride;
      std::byte* to = dst + i * outer.dst_stride + j * inner.dst_stride;
      if (rows == edge && columns == edge) {
        copy_tile<N>(edge, edge, outer, inner, from, to);  // Constant bounds: the compiler unrolls.
      } else {
        copy_tile<N>(rows, columns, outer, inner, from, to);
      }
    }
  }
}

}  // namespace

void copy_in_order(std::uint64_t element_bytes, const CopyDim& outer, const CopyDim& inner, const std::byte* src,
                   std::byte* dst) {
  switch (element_bytes) {
    case 1:
      return in_order<1>(outer, inner, src, dst);
    case 2:
      return in_order<2>(outer, inner, src, dst);
    case 4:
      return in_order<4>(outer, inner, src, dst);
    case 8:
      return in_order<8>(outer, inner, src, dst);
    default:
      return in_order<16>(outer, inner, src, dst);
  }
}

void copy_in_tiles(std::uint64_t element_bytes, const CopyDim& outer, const CopyDim& inner, const std::byte* src,
                   std::byte* dst) {
  switch (element_bytes) {
    case 1:
      return in_tiles<1>(outer, inner, src, dst);
    case 2:
      return in_tiles<2>(outer, inner, src, dst);
    case 4:
      return in_tiles<4>(outer, inner, src, dst);
    case 8:
      return in_tiles<8>(outer, inner, src, dst);
    default:
      return in_tiles<16>(outer, inner, src, dst);
  }
}

}  // namespace omap
