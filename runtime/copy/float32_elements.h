#pragma once

#include <cstddef>

#include "runtime/dtype/dtype.h"

namespace omap {

// Many elements to and from float32: what `cast` (runtime/dtype/element.h) does with one, bit for bit, NaNs included.
// Nothing needs to be aligned, and nothing overlaps.

/// A dtype that `can_decode` holds for, but a 32-bit integer. Nothing but f64 is rounded.
void to_float32(Dtype dtype, std::size_t count, const std::byte* elements, std::byte* floats);

/// `can_encode(dtype)` holds.
void from_float32(Dtype dtype, std::size_t count, const std::byte* floats, std::byte* elements);

}  // namespace omap
