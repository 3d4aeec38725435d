#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "runtime/copy/strided_copy.h"

namespace omap {

/// Draws from fixed seeds, the same everywhere: the standard's distributions differ between libraries.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : engine_(seed) {}

  /// In [low, high].
  std::uint64_t from(std::uint64_t low, std::uint64_t high) { return low + engine_() % (high - low + 1); }
  bool once_in(std::uint64_t n) { return from(1, n) == 1; }
  template <class T>
  void shuffle(std::vector<T>& values) {
    for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[from(0, i - 1)]);
  }

 private:
  std::mt19937_64 engine_;
};

struct RandomCopyLimits {
  std::uint64_t dims = 4;
  std::uint64_t extent = 5;
  /// The largest gap between iterations of a source loop.
  std::uint64_t src_gap = 5;
  bool empty = true;
};

/// A copy whose destination loops nest; source loops nest in an order of their own, some repeat. Dims are not in order,
/// and often there is something to merge.
inline StridedCopy random_copy(Draw& draw, const RandomCopyLimits& limits) {
  constexpr std::uint64_t runs[] = {1, 2, 3, 4, 8, 16, 24, 40};
  StridedCopy copy{draw.from(0, 9), draw.from(0, 9), runs[draw.from(0, 7)], {}};
  copy.dims.resize(draw.from(0, limits.dims));
  for (CopyDim& dim : copy.dims) dim.extent = draw.from(1, limits.extent);

  std::uint64_t span = copy.run_bytes;
  for (CopyDim& dim : copy.dims) {
    dim.dst_stride = span + (draw.once_in(3) ? draw.from(1, 5) : 0);
    span = dim.extent * dim.dst_stride;
  }
  std::vector<std::size_t> order(copy.dims.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  if (draw.once_in(2)) draw.shuffle(order);
  span = copy.run_bytes;
  for (const std::size_t i : order) {
    CopyDim& dim = copy.dims[i];
    if (draw.once_in(10)) continue;
    dim.src_stride = span + (draw.once_in(3) ? draw.from(1, limits.src_gap) : 0);
    span = dim.extent * dim.src_stride;
  }
  for (CopyDim& dim : copy.dims) {
    if (limits.empty && draw.once_in(40)) dim.extent = 0;
  }
  draw.shuffle(copy.dims);
  return copy;
}

/// One byte that a copy moves.
struct ByteMove {
  std::uint64_t dst = 0;
  std::uint64_t src = 0;
  friend auto operator<=>(const ByteMove&, const ByteMove&) = default;
};

/// Appends every byte that a copy moves, by its definition.
inline void append_moves(const StridedCopy& copy, std::vector<ByteMove>& moves) {
  std::vector<std::uint64_t> index(copy.dims.size());
  for (const CopyDim& dim : copy.dims) {
    if (dim.extent == 0) return;
  }
  for (;;) {
    ByteMove move{copy.dst_offset, copy.src_offset};
    for (std::size_t k = 0; k < index.size(); ++k) {
      move.dst += index[k] * copy.dims[k].dst_stride;
      move.src += index[k] * copy.dims[k].src_stride;
    }
    for (std::uint64_t i = 0; i < copy.run_bytes; ++i) moves.push_back({move.dst + i, move.src + i});
    std::size_t k = index.size();
    while (k > 0 && ++index[k - 1] == copy.dims[k - 1].extent) index[--k] = 0;
    if (k == 0) return;
  }
}

inline std::vector<ByteMove> sorted(std::vector<ByteMove> moves) {
  std::ranges::sort(moves);
  return moves;
}

inline std::vector<ByteMove> moves_of(const StridedCopy& copy) {
  std::vector<ByteMove> moves;
  append_moves(copy, moves);
  return sorted(std::move(moves));
}

inline bool is_normal(const StridedCopy& copy) {
  const auto runs_on = [](const CopyDim& a, std::uint64_t extent, std::uint64_t src_stride, std::uint64_t dst_stride) {
    return a.src_stride == extent * src_stride && a.dst_stride == extent * dst_stride;
  };
  for (std::size_t k = 0; k < copy.dims.size(); ++k) {
    const CopyDim& dim = copy.dims[k];
    if (dim.extent < 2) return false;
    if (k + 1 == copy.dims.size()) return !runs_on(dim, copy.run_bytes, 1, 1);
    const CopyDim& next = copy.dims[k + 1];
    if (dim.dst_stride <= next.dst_stride) return false;
    if (runs_on(dim, next.extent, next.src_stride, next.dst_stride)) return false;
  }
  return true;
}

}  // namespace omap
