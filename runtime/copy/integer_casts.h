#pragma once

#include <cstddef>

#include "runtime/dtype/dtype.h"

namespace omap {

/// Casts `count` elements, densely, to integers, or integers to floats: what `cast` (runtime/dtype/element.h) does with
/// one, bit for bit. `can_cast(from, to)` holds, and one of them is an integer. Nothing needs to be aligned, and
/// nothing overlaps.
void cast_integers(Dtype from, Dtype to, std::size_t count, const std::byte* elements, std::byte* made);

}  // namespace omap
