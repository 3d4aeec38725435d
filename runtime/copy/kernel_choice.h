#pragma once

#include <cstdint>
#include <vector>

#include "runtime/copy/strided_copy.h"

namespace omap {

/// Which kernel moves the innermost loops of a copy.
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
  /// Whether a kernel that can writes past the caches: so much that they do not hold it.
  bool streaming = false;
};

/// Merges the copy's loops, and chooses. The copy is not empty.
[[nodiscard]] KernelChoice choose_kernel(StridedCopy copy);

}  // namespace omap
