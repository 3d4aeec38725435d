#include "runtime/copy/kernel_choice.h"

#include <algorithm>
#include <limits>
#include <span>

#include "runtime/copy/interleave.h"
#include "runtime/copy/transpose.h"

namespace omap {
namespace {

using Kernel = KernelChoice::Kernel;

/// Copies of so many bytes are written past the caches: less may be read from there again.
constexpr std::uint64_t least_streamed = 16 << 20;
/// Loops with fewer iterations are not worth a tile: the other loop is long, and goes innermost.
constexpr std::uint64_t least_tile_edge = 8;
/// Places of the destination that are written in turn, so that the source is read in order.
constexpr std::uint64_t most_streams = 8;
/// Runs from here on fill lines but for their ends.
constexpr std::uint64_t whole_lines = 128;

bool is_element(std::uint64_t bytes) { return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8 || bytes == 16; }

/// The loop along which the source is densest; repeats (stride 0) do not count. The innermost if all repeat.
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

/// Loops that cross: the source is denser along `outer`, the destination along `inner`.
Kernel choose_crossed(std::uint64_t run, const CopyDim& outer, const CopyDim& inner) {
  if (!is_element(run)) return run < whole_lines ? Kernel::runs_in_tiles : Kernel::runs;
  if (outer.src_stride == run && inner.dst_stride == run) {
    if (interleaves(run, outer.extent) && inner.src_stride == outer.extent * run) return Kernel::deinterleave;
    if (interleaves(run, inner.extent) && outer.dst_stride == inner.extent * run) return Kernel::interleave;
    if (inner.extent >= least_rows(run)) return Kernel::transpose;
  }
  const bool tiles = inner.extent >= least_tile_edge && outer.extent >= least_tile_edge;
  return tiles ? Kernel::in_tiles : Kernel::in_order;
}

/// Loops in the same order on both sides.
Kernel choose_straight(std::uint64_t run, const CopyDim& outer, const CopyDim& inner) {
  const bool dense = inner.dst_stride == run;
  if (dense && inner.src_stride == 0) {
    // Each element of a row again and again: a stream that takes turns with itself.
    const bool rows = outer.src_stride == run && outer.dst_stride == inner.extent * run;
    return rows && interleaves(run, inner.extent) ? Kernel::interleave : Kernel::repeat;
  }
  if (!is_element(run)) return Kernel::runs;
  if (!dense) return Kernel::in_order;
  if (inner.src_stride % run == 0 && interleaves(run, inner.src_stride / run)) return Kernel::deinterleave;
  return inner.extent >= least_rows(run) ? Kernel::transpose : Kernel::in_order;
}

/// Columns that fill no line of the source are joined by those of the loop that goes on behind them, if there is one.
void add_group(KernelChoice& choice) {
  const std::uint64_t run = choice.run_bytes, edge = tile_edge(run);
  if (choice.outer.extent >= edge || choice.inner.extent < edge) return;
  const auto next = std::ranges::find(choice.loops, choice.outer.extent * run, &CopyDim::src_stride);
  if (next == choice.loops.end() || next->extent * choice.outer.extent < edge) return;
  choice.group = *next;
  choice.loops.erase(next);
}

}  // namespace

KernelChoice choose_kernel(StridedCopy copy) {
  normalize(copy);
  KernelChoice choice{Kernel::runs, copy.run_bytes, {}, {}, {}, copy.dims, copy.bytes() >= least_streamed};
  std::vector<CopyDim>& loops = choice.loops;
  if (loops.empty()) return choice;
  choice.inner = loops.back();
  loops.pop_back();
  if (loops.empty()) {
    choice.kernel = choose_straight(copy.run_bytes, choice.outer, choice.inner);
    return choice;
  }

  std::size_t partner = densest_source_loop(loops);
  const std::uint64_t stride = loops[partner].src_stride;
  const bool crossed = stride != 0 && stride < choice.inner.src_stride;
  if (!crossed) partner = loops.size() - 1;
  const CopyDim outer = loops[partner];
  choice.kernel = crossed ? choose_crossed(copy.run_bytes, outer, choice.inner)
                          : choose_straight(copy.run_bytes, outer, choice.inner);
  // A row that is gathered is a matrix of one column: the loop around it stays there.
  const bool one_row = !crossed && (choice.kernel == Kernel::deinterleave || choice.kernel == Kernel::transpose);
  if (one_row) return choice;
  choice.outer = outer;
  loops.erase(loops.begin() + static_cast<std::ptrdiff_t>(partner));
  const bool few_elements = choice.kernel == Kernel::in_order && choice.inner.extent < least_tile_edge;
  const bool few_streams = choice.kernel == Kernel::runs && choice.outer.extent <= most_streams;
  if (crossed && (few_elements || few_streams)) std::swap(choice.outer, choice.inner);
  if (choice.kernel == Kernel::transpose) add_group(choice);
  return choice;
}

}  // namespace omap
