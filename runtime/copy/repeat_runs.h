#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/copy/strided_copy.h"

namespace omap {

/// Each run of a loop, `times` times behind itself:
///
///     dst[i * outer.dst_stride + k * run_bytes, run_bytes] = src[i * outer.src_stride, run_bytes]
///
/// `outer` may have one iteration. `streaming` is as for `transpose`.
void repeat_runs(std::uint64_t run_bytes, const CopyDim& outer, std::uint64_t times, bool streaming,
                 const std::byte* src, std::byte* dst);

}  // namespace omap
