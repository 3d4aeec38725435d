#include "runtime/run/fill_interval.h"

#include "runtime/copy/clip.h"
#include "runtime/copy/copy_kernel.h"
#include "runtime/run/compute_part.h"

namespace omap {

void fill_interval(const MemoryFill& fill, std::uint64_t begin, std::uint64_t end, std::byte* out,
                   std::span<std::byte> staging) {
  const MoveInput move = [&](std::uint32_t source, std::uint32_t, const StridedCopy& copy,
                             std::byte* to) -> Result<void> {
    execute(copy, fill.sources[source], to);
    return {};
  };
  const LieInMemory in_memory = [&](std::uint32_t source) { return fill.sources[source]; };
  for (const BoxCopy& box : fill.destination.boxes) {
    if (box.copy.dst_offset >= end || dst_end(box.copy) <= begin) continue;
    clip(box.copy, begin, end, [&](StridedCopy part) {
      part.dst_offset -= begin;
      if (box.computed) {
        // Memory is read without fail: there is no error to pass on.
        static_cast<void>(compute_part(fill.program.computed[*box.computed], part, move, out, staging, in_memory));
      } else if (box.source == BoxCopy::zero) {
        fill_zero(part, out);
      } else {
        execute(part, fill.sources[box.source], out);
      }
    });
  }
}

}  // namespace omap
