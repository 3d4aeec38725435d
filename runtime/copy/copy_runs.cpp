#include "runtime/copy/copy_runs.h"

#include <algorithm>
#include <cstring>

#include "runtime/copy/stream_bytes.h"

namespace omap {
namespace {

/// A run of Half to 2 * Half bytes, as two moves that may overlap: cheaper than a call for so few.
template <std::size_t Half>
struct TwoHalves {
  std::uint64_t bytes;
  void operator()(const std::byte* src, std::byte* dst) const {
    std::byte head[Half], tail[Half];
    std::memcpy(head, src, Half);
    std::memcpy(tail, src + bytes - Half, Half);
    std::memcpy(dst, head, Half);
    std::memcpy(dst + bytes - Half, tail, Half);
  }
};

struct WholeRun {
  std::uint64_t bytes;
  void operator()(const std::byte* src, std::byte* dst) const { std::memcpy(dst, src, bytes); }
};

/// Runs from here on are streamed: shorter ones are too much ends.
constexpr std::uint64_t least_streamed_run = 4096;

struct StreamedRun {
  std::uint64_t bytes;
  void operator()(const std::byte* src, std::byte* dst) const { stream_bytes(bytes, src, dst); }
};

/// Calls `loops` with what moves one run.
template <class Loops>
void with_mover(std::uint64_t run_bytes, const Loops& loops) {
  if (run_bytes <= 1 || run_bytes > 64) return loops(WholeRun{run_bytes});
  if (run_bytes <= 2) return loops(TwoHalves<1>{run_bytes});
  if (run_bytes <= 4) return loops(TwoHalves<2>{run_bytes});
  if (run_bytes <= 8) return loops(TwoHalves<4>{run_bytes});
  if (run_bytes <= 16) return loops(TwoHalves<8>{run_bytes});
  if (run_bytes <= 32) return loops(TwoHalves<16>{run_bytes});
  return loops(TwoHalves<32>{run_bytes});
}

template <class Mover>
inline void two_loops(const Mover& move, const CopyDim& outer, const CopyDim& inner, const std::byte* src,
                      std::byte* dst) {
  for (std::uint64_t i = 0; i < outer.extent; ++i) {
    const std::byte* from = src + i * outer.src_stride;
    std::byte* to = dst + i * outer.dst_stride;
    for (std::uint64_t j = 0; j < inner.extent; ++j) move(from + j * inner.src_stride, to + j * inner.dst_stride);
  }
}

}  // namespace

void copy_runs(std::uint64_t run_bytes, const CopyDim& outer, const CopyDim& inner, bool streaming,
               const std::byte* src, std::byte* dst) {
  if (streaming && run_bytes >= least_streamed_run) {
    two_loops(StreamedRun{run_bytes}, outer, inner, src, dst);
    return end_stream();
  }
  with_mover(run_bytes, [&](const auto& move) { two_loops(move, outer, inner, src, dst); });
}

void copy_runs_in_tiles(std::uint64_t run_bytes, const CopyDim& outer, const CopyDim& inner, const std::byte* src,
                        std::byte* dst) {
  const std::uint64_t edge = std::max<std::uint64_t>(1, 256 / run_bytes);
  with_mover(run_bytes, [&](const auto& move) {
    for (std::uint64_t j = 0; j < inner.extent; j += edge) {
      for (std::uint64_t i = 0; i < outer.extent; i += edge) {
        const CopyDim rows{std::min(edge, outer.extent - i), outer.src_stride, outer.dst_stride};
        const CopyDim columns{std::min(edge, inner.extent - j), inner.src_stride, inner.dst_stride};
        two_loops(move, rows, columns, src + i * outer.src_stride + j * inner.src_stride,
                  dst + i * outer.dst_stride + j * inner.dst_stride);
      }
    }
  });
}

}  // namespace omap
