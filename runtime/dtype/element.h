#pragma once

#include <cstddef>

#include "runtime/dtype/dtype.h"

namespace omap {

// Numbers as bits. Formats: IEEE 754 for f16, f32, f64; bf16 is the upper half of f32; the 8-bit ones are those of the
// OCP specification "8-bit Floating Point" (E4M3 has no infinity) and, with `fnuz`, of Noune et al. 2022 (no infinity,
// no -0, bias one greater); E8M0 is 2^(n - 127).

/// Integers of any size, and bool, whose elements are 0 or 1.
[[nodiscard]] bool is_integer(Dtype dtype);

/// Whether `decode` knows the dtype: floats of 8 bits and more, and integers of up to 32.
[[nodiscard]] bool can_decode(Dtype dtype);
/// Whether `encode` does: floats that have a sign.
[[nodiscard]] bool can_encode(Dtype dtype);

/// Whether every number of `dtype` is one of `wide`: nothing is rounded on the way.
[[nodiscard]] bool holds_all(Dtype wide, Dtype dtype);

/// Whether arithmetic with this dtype is done in double precision: what float32 does not hold exactly.
[[nodiscard]] bool needs_double(Dtype dtype);

/// The number of an element, exactly; of a NaN its sign and, behind the bit that makes it quiet, its payload.
/// `can_decode(dtype)` holds; no alignment is needed.
[[nodiscard]] double decode(Dtype dtype, const std::byte* element);

/// The nearest element to a number, ties to even, as PyTorch rounds: what is too large becomes an infinity, or NaN in
/// a format that has none. A NaN has the bits that PyTorch's scalar code gives it: sign and upper payload where the
/// format is wide enough for them, but one pattern of bf16, and all ones of the 8-bit formats. `can_encode(dtype)`
/// holds.
void encode(Dtype dtype, double number, std::byte* element);

/// Whether `cast` knows both: floats of 8 bits and more, and integers; E8M0 is only read.
[[nodiscard]] bool can_cast(Dtype from, Dtype to);

/// What PyTorch makes of an element. `can_cast(from, to)` holds.
///
/// To floats: the nearest, as `encode`. PyTorch rounds f64 and integers of 32 and 64 bits twice on their way to 16 and
/// 8 bits, by way of f32; this rounds once. bf16 is widened to f32 as it stands: a NaN that signals stays one. To
/// integers: floats are truncated, as `truncated` (integer.h) says of those that are out of range; integers keep their
/// lower bits. To bool: whether it is not 0, so of NaN 1.
void cast(Dtype from, const std::byte* element, Dtype to, std::byte* out);

}  // namespace omap
