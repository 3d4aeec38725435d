#pragma once

#include <cstdint>
#include <vector>

#include "runtime/copy/strided_copy.h"

namespace omap {

/// How a destination is written.
enum class Stores : std::uint8_t {
  cached,     ///< it may be read soon; only so much that no cache holds it is written past them
  streaming,  ///< it is not: past the caches, where a kernel can
};

/// Which kernel moves the innermost loops of a copy. It depends on the copy alone, but for `streaming`.
struct KernelChoice {
  enum class Kernel : std::uint8_t {
    runs,           ///< `copy_runs`
    runs_in_tiles,  ///< `copy_runs_in_tiles`
    repeat,         ///< `repeat_runs`, along `inner`
    transpose,      ///< `transpose`: rows along `inner`, columns along `outer`
    interleave,     ///< `interleave`: streams along `inner`
    deinterleave,   ///< `deinterleave`: streams along `outer`
    in_order,       ///< `copy_in_order`
    in_tiles,       ///< `copy_in_tiles`
  };
  Kernel kernel = Kernel::runs;
  std::uint64_t run_bytes = 0;
  /// Those that the kernel walks, and those around it, outermost first.
  CopyDim outer;
  CopyDim inner;
  /// Of `transpose`: the loop that goes on where `outer` ends in the source, if that alone fills no line of it.
  CopyDim group;
  std::vector<CopyDim> loops;
  /// Whether a kernel that can writes past the caches.
  bool streaming = false;
};

/// Merges the copy's loops, and chooses. The copy is not empty.
[[nodiscard]] KernelChoice choose_kernel(StridedCopy copy, Stores stores = Stores::cached);

}  // namespace omap
