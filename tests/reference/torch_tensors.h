#pragma once

// It brings another macro `CHECK`, which ends the program and counts nothing. Tests that include this use REQUIRE.
#include <ATen/ATen.h>
#undef CHECK

#include <cstring>
#include <optional>

#include "tests/reference/tensors.h"

namespace omap::test {

// Between tensors as bytes and LibTorch's. Included by as few units as can be: ATen costs seconds in each.

/// LibTorch's name of a dtype, if this version has it.
inline std::optional<at::ScalarType> scalar_type(Dtype dtype) {
  switch (dtype) {
    case Dtype::u8:
      return at::kByte;
    case Dtype::i8:
      return at::kChar;
    case Dtype::i16:
      return at::kShort;
    case Dtype::f16:
      return at::kHalf;
    case Dtype::bf16:
      return at::kBFloat16;
    case Dtype::i32:
      return at::kInt;
    case Dtype::f32:
      return at::kFloat;
    case Dtype::f64:
      return at::kDouble;
    case Dtype::i64:
      return at::kLong;
    default:
      return std::nullopt;
  }
}

inline at::Tensor to_torch(const Tensor& tensor) {
  at::Tensor made = at::empty(tensor.shape, scalar_type(tensor.dtype).value());
  if (!tensor.bytes.empty()) std::memcpy(made.data_ptr(), tensor.bytes.data(), tensor.bytes.size());
  return made;
}

/// `dtype` is the tensor's own.
inline Tensor from_torch(const at::Tensor& tensor, Dtype dtype) {
  const at::Tensor dense = tensor.contiguous();
  Tensor made{dtype, dense.sizes().vec(), std::vector<std::byte>(dense.nbytes())};
  if (!made.bytes.empty()) std::memcpy(made.bytes.data(), dense.data_ptr(), made.bytes.size());
  return made;
}

}  // namespace omap::test
