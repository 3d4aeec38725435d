#include "runtime/copy/copy_kernel.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <span>

namespace omap {
namespace {

/// Calls `body(src, dst)` for each iteration of the loops, the first outermost.
template <class Body>
void for_each_iteration(std::span<const CopyDim> loops, const std::byte* src, std::byte* dst, const Body& body) {
  if (loops.empty()) {
    body(src, dst);
    return;
  }
  for (std::uint64_t i = 0; i < loops[0].extent; ++i) {
    for_each_iteration(loops.subspan(1), src + i * loops[0].src_stride, dst + i * loops[0].dst_stride, body);
  }
}

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

/// Two loops over elements of N bytes, in the destination's order.
template <std::size_t N>
void copy_in_order(const CopyDim& outer, const CopyDim& inner, const std::byte* src, std::byte* dst) {
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

/// Two loops over elements of N bytes, where the source is denser along `outer` and the destination along `inner`.
template <std::size_t N>
void copy_transposed(const CopyDim& outer, const CopyDim& inner, const std::byte* src, std::byte* dst) {
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

/// The loop along which the source is densest; repeats (stride 0) do not count.
std::size_t densest_source_loop(std::span<const CopyDim> loops) {
  std::size_t best = loops.size() - 1;
  std::uint64_t best_stride = std::numeric_limits<std::uint64_t>::max();
  for (std::size_t k = loops.size(); k-- > 0;) {
    if (loops[k].src_stride != 0 && loops[k].src_stride < best_stride) {
      best = k;
      best_stride = loops[k].src_stride;
    }
  }
  return best;
}

/// Loops with fewer iterations are not worth a tile: the other loop is long, and goes innermost.
constexpr std::uint64_t min_tile_edge = 8;

template <std::size_t N>
void execute_elements(std::vector<CopyDim> loops, const std::byte* src, std::byte* dst) {
  const CopyDim inner = loops.back();
  loops.pop_back();
  if (loops.empty()) return copy_in_order<N>({}, inner, src, dst);

  std::size_t partner = densest_source_loop(loops);
  const bool crossed = loops[partner].src_stride != 0 && loops[partner].src_stride < inner.src_stride;
  if (!crossed) partner = loops.size() - 1;
  const CopyDim outer = loops[partner];
  loops.erase(loops.begin() + static_cast<std::ptrdiff_t>(partner));
  for_each_iteration(loops, src, dst, [&](const std::byte* from, std::byte* to) {
    if (crossed && inner.extent < min_tile_edge) {
      copy_in_order<N>(inner, outer, from, to);
    } else if (crossed && outer.extent >= min_tile_edge) {
      copy_transposed<N>(outer, inner, from, to);
    } else {
      copy_in_order<N>(outer, inner, from, to);
    }
  });
}

}  // namespace

void execute(const StridedCopy& copy, const std::byte* src, std::byte* dst) {
  if (copy.empty()) return;
  src += copy.src_offset;
  dst += copy.dst_offset;
  if (copy.dims.empty()) {
    std::memcpy(dst, src, copy.run_bytes);
    return;
  }
  switch (copy.run_bytes) {
    case 1:
      return execute_elements<1>(copy.dims, src, dst);
    case 2:
      return execute_elements<2>(copy.dims, src, dst);
    case 4:
      return execute_elements<4>(copy.dims, src, dst);
    case 8:
      return execute_elements<8>(copy.dims, src, dst);
    case 16:
      return execute_elements<16>(copy.dims, src, dst);
    default:
      for_each_iteration(copy.dims, src, dst,
                         [&](const std::byte* from, std::byte* to) { std::memcpy(to, from, copy.run_bytes); });
  }
}

void fill_zero(const StridedCopy& copy, std::byte* dst) {
  if (copy.empty()) return;
  for_each_iteration(copy.dims, dst, dst + copy.dst_offset,
                     [&](const std::byte*, std::byte* to) { std::memset(to, 0, copy.run_bytes); });
}

}  // namespace omap
