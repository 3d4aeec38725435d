#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "runtime/dtype/dtype.h"

namespace omap {

/// One step of an element's arithmetic: `value op operand`.
struct ValueStep {
  enum class Op : std::uint8_t { add, subtract, multiply, divide };
  Op op = Op::add;
  double number = 0;
  /// Instead of `number`: the element of this operand, by place in Computation::operands.
  std::optional<std::uint32_t> operand;
  friend bool operator==(const ValueStep&, const ValueStep&) = default;
};

/// What becomes of each element of a box on its way: destination = round(steps(source)).
///
/// Done in float32; in float64 if the source, an operand or the destination is float64 or an integer that float32 does
/// not hold. Rounded once, to the destination's dtype. Without steps it is a cast, which may be to an integer, and from
/// any: `cast` (runtime/dtype/element.h).
struct Computation {
  /// Nothing: every element begins as `start`.
  std::optional<Dtype> source;
  double start = 0;
  Dtype destination = Dtype::f32;
  std::vector<Dtype> operands;
  std::vector<ValueStep> steps;
  friend bool operator==(const Computation&, const Computation&) = default;

  [[nodiscard]] bool in_double() const;
  /// A cast that does not go by way of floats of 64 bits: to an integer, or from bool or an integer of 64 bits.
  [[nodiscard]] bool casts_integers() const;
};

/// Computes as many elements as `destination` holds. `source` and each of `operands` hold as many, densely; what the
/// computation does not have is empty. Nothing needs to be aligned, and nothing overlaps.
void compute(const Computation& computation, std::span<const std::byte> source,
             std::span<const std::span<const std::byte>> operands, std::span<std::byte> destination);

}  // namespace omap
