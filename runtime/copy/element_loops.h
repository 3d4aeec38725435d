#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/copy/strided_copy.h"

namespace omap {

// Two loops over elements of 1, 2, 4, 8 or 16 bytes, one element at a time: for every stride, on every processor.

/// In the order of the loops. `outer` may have one iteration.
void copy_in_order(std::uint64_t element_bytes, const CopyDim& outer, const CopyDim& inner, const std::byte* src,
                   std::byte* dst);

/// Tile by tile, where the source is denser along `outer` and the destination along `inner`.
void copy_in_tiles(std::uint64_t element_bytes, const CopyDim& outer, const CopyDim& inner, const std::byte* src,
                   std::byte* dst);

}  // namespace omap
