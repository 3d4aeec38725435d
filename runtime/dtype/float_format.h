#pragma once

#include <cstdint>

#include "runtime/dtype/dtype.h"

namespace omap {

/// A binary format of a sign, an exponent and a mantissa, of at most 16 bits.
struct FloatFormat {
  int exponent_bits = 0;
  int mantissa_bits = 0;
  int bias = 0;
  enum class Special {
    ieee,       ///< the greatest exponent is infinity and NaN
    only_nan,   ///< all ones are NaN, and there is no infinity
    nan_is_m0,  ///< -0 is NaN, and there is no infinity
  } special = Special::ieee;

  [[nodiscard]] constexpr int sign_at() const { return exponent_bits + mantissa_bits; }

  // NaNs as PyTorch's scalar code writes them: of 8 bits there is one with each sign, of bfloat16 one in all (0x7FC0,
  // where its vector code for some processors writes 0xFFFF); those of f16 keep their sign and the upper bits of their
  // payload.

  /// The NaN that is written, without sign and payload.
  [[nodiscard]] constexpr std::uint32_t nan_bits() const {
    if (special == Special::nan_is_m0) return 1U << sign_at();
    if (sign_at() < 8) return (1U << sign_at()) - 1;
    return ((1U << exponent_bits) - 1) << mantissa_bits | 1U << (mantissa_bits - 1);
  }
  [[nodiscard]] constexpr bool nan_has_sign() const { return special != Special::nan_is_m0 && exponent_bits < 8; }
  [[nodiscard]] constexpr bool nan_has_payload() const { return sign_at() > 8 && exponent_bits < 8; }

  /// Bits of the greatest finite number and one beyond, as magnitudes count up: infinity, where there is one.
  [[nodiscard]] constexpr std::uint32_t first_beyond() const {
    return special == Special::ieee ? ((1U << exponent_bits) - 1) << mantissa_bits : nan_bits();
  }
};

/// That of f16, bf16 and the 8-bit floats with a sign.
[[nodiscard]] constexpr FloatFormat float_format(Dtype dtype) {
  using Special = FloatFormat::Special;
  switch (dtype) {
    case Dtype::f16:
      return {5, 10, 15, Special::ieee};
    case Dtype::bf16:
      return {8, 7, 127, Special::ieee};
    case Dtype::f8_e4m3:
      return {4, 3, 7, Special::only_nan};
    case Dtype::f8_e4m3fnuz:
      return {4, 3, 8, Special::nan_is_m0};
    case Dtype::f8_e5m2fnuz:
      return {5, 2, 16, Special::nan_is_m0};
    default:
      return {5, 2, 15, Special::ieee};
  }
}

}  // namespace omap
