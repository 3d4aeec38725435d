#pragma once

#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>

namespace omap {

// Numbers that become integers, and integers that become numbers. PyTorch leaves open what a float becomes that an
// integer does not hold: its processors give different ones. Here it is one value, everywhere.

/// Towards zero. What is too large or too small becomes the greatest or least integer, NaN becomes 0.
template <std::integral Integer, std::floating_point Number>
[[nodiscard]] constexpr Integer truncated(Number number) {
  using Limits = std::numeric_limits<Integer>;
  // Powers of two, or 0: every float holds them.
  constexpr auto least = static_cast<Number>(Limits::min());
  constexpr Number beyond = static_cast<Number>(Limits::max() / 2 + 1) * 2;
  if (number >= beyond) return Limits::max();
  if (number > least) return static_cast<Integer>(number);
  return number <= least ? Limits::min() : Integer{0};
}

/// A double that rounds to any shorter float as the integer itself would: towards zero, and odd where that lost
/// something, so that no middle of two numbers is hit that the integer does not hit.
[[nodiscard]] inline double rounded_to_odd(std::uint64_t integer) {
  constexpr int kept_bits = std::numeric_limits<double>::digits;
  const int lost_bits = static_cast<int>(std::bit_width(integer)) - kept_bits;
  if (lost_bits <= 0) return static_cast<double>(integer);
  const bool inexact = std::countr_zero(integer) < lost_bits;
  return std::ldexp(static_cast<double>(integer >> lost_bits | (inexact ? 1U : 0U)), lost_bits);
}

}  // namespace omap
