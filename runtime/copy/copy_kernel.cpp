#include "runtime/copy/copy_kernel.h"

#include <cstring>

#include "runtime/copy/copy_runs.h"
#include "runtime/copy/element_loops.h"
#include "runtime/copy/interleave.h"
#include "runtime/copy/iterate.h"
#include "runtime/copy/repeat_runs.h"
#include "runtime/copy/transpose.h"

namespace omap {
namespace {

void run_kernel(const KernelChoice& choice, const std::byte* src, std::byte* dst) {
  const std::uint64_t run = choice.run_bytes;
  const CopyDim& outer = choice.outer;
  const CopyDim& inner = choice.inner;
  switch (choice.kernel) {
    case KernelChoice::Kernel::runs:
      return copy_runs(run, outer, inner, choice.streaming, src, dst);
    case KernelChoice::Kernel::runs_in_tiles:
      return copy_runs_in_tiles(run, outer, inner, src, dst);
    case KernelChoice::Kernel::repeat:
      return repeat_runs(run, outer, inner.extent, choice.streaming, src, dst);
    case KernelChoice::Kernel::transpose:
      return transpose({run, inner.extent, outer.extent, inner.src_stride, outer.dst_stride, choice.group.extent,
                        choice.group.dst_stride},
                       choice.streaming, src, dst);
    case KernelChoice::Kernel::interleave:
      return interleave({run, inner.extent, outer.extent, inner.src_stride}, src, dst);
    case KernelChoice::Kernel::deinterleave:
      return deinterleave({run, inner.src_stride / run, outer.extent, inner.extent, outer.dst_stride}, src, dst);
    case KernelChoice::Kernel::in_order:
      return copy_in_order(run, outer, inner, src, dst);
    case KernelChoice::Kernel::in_tiles:
      return copy_in_tiles(run, outer, inner, src, dst);
  }
}

}  // namespace

void execute(const StridedCopy& copy, const std::byte* src, std::byte* dst) {
  if (!copy.empty()) execute(choose_kernel(copy), src + copy.src_offset, dst + copy.dst_offset);
}

void execute(const KernelChoice& choice, const std::byte* src, std::byte* dst) {
  for_each_iteration(choice.loops, src, dst,
                     [&](const std::byte* from, std::byte* to) { run_kernel(choice, from, to); });
}

void fill_zero(const StridedCopy& copy, std::byte* dst) {
  if (copy.empty()) return;
  for_each_iteration(copy.dims, dst, dst + copy.dst_offset,
                     [&](const std::byte*, std::byte* to) { std::memset(to, 0, copy.run_bytes); });
}

}  // namespace omap
