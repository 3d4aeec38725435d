#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/copy/strided_copy.h"

namespace omap {

/// Two loops of runs, in their order. `outer` may have one iteration. `streaming` is as for `transpose`.
void copy_runs(std::uint64_t run_bytes, const CopyDim& outer, const CopyDim& inner, bool streaming,
               const std::byte* src, std::byte* dst);

/// The same where the source is denser along `outer` and runs are shorter than cache lines: in tiles, so that what a
/// line has beside a run is used while the line is there.
void copy_runs_in_tiles(std::uint64_t run_bytes, const CopyDim& outer, const CopyDim& inner, const std::byte* src,
                        std::byte* dst);

}  // namespace omap
