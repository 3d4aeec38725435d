#pragma once

#include "tests/reference/torch_tensors.h"

namespace omap::test {

// Tensors of any dtype as LibTorch can move them: bit patterns in int64, upper bits 0. LibTorch 1.13 has neither
// floats of 8 bits nor unsigned integers of more.

[[nodiscard]] at::Tensor bits_of(const Tensor& tensor);
[[nodiscard]] Tensor tensor_of(const at::Tensor& bits, Dtype dtype);

/// Integers of any size, and bool.
[[nodiscard]] bool is_integer_type(Dtype dtype);
/// Whether elements of a dtype are numbers that can be computed with: floats, and integers of up to 32 bits.
[[nodiscard]] bool is_number(Dtype dtype);
/// Whether numbers can be rounded to it: floats with a sign.
[[nodiscard]] bool is_signed_float(Dtype dtype);

/// The numbers that bits mean, exactly, in float64. `is_number(dtype)`.
[[nodiscard]] at::Tensor numbers_of(const at::Tensor& bits, Dtype dtype);

/// The bits of numbers, in float32 or float64, rounded once: to nearest, ties to even; what is too large becomes an
/// infinity, or NaN in a dtype without one. `is_signed_float(dtype)`.
[[nodiscard]] at::Tensor rounded_to(const at::Tensor& numbers, Dtype dtype);

/// The bits of elements that are cast, where one of the dtypes is an integer. Integers keep their lower bits; floats
/// are truncated, to the least or greatest integer where they are beyond it, NaN to 0; bool is what is not 0. Integers
/// are rounded once, as numbers are.
[[nodiscard]] at::Tensor cast_integers_of(const at::Tensor& bits, Dtype from, Dtype to);

}  // namespace omap::test
