#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "runtime/copy/strided_copy.h"

namespace omap {

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

}  // namespace omap
