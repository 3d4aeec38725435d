#pragma once

#include <string>
#include <vector>

#include "tests/reference/torch_boxes.h"

namespace omap::test {

/// What happens to elements on their way from a term of the source to one of the destination.
struct ElementFunction {
  const Mapping& mapping;
  const MadeTerm& source;
  const MadeTerm& destination;
  /// Of the destination.
  Dtype dtype;

  /// Nothing at all: bits are moved.
  [[nodiscard]] bool moves(Dtype from) const;
};

/// The dtype that an `as` says.
[[nodiscard]] Dtype dtype_said(const Mapping& mapping, const std::string& as);

/// A box of one tensor, and where it stands: `at` is the value of each index in the tensor's key.
struct BoxAt {
  const Box& box;
  Dtype dtype;
  const IndexValues& at;
  /// The tensors of the source's operands.
  const std::vector<const Tensor*>& operands;
};

/// "x = source element; x = x op v for the source's steps; x = x inverse(op) w for the destination's, last first;
/// round(x)", in float64 where the source, an operand or the destination needs it, else in float32. The elements are
/// bits, before and after.
[[nodiscard]] at::Tensor compute(const ElementFunction& function, const BoxAt& box, const Extents& extents);

/// A number everywhere: bits of rank 0.
[[nodiscard]] at::Tensor filled(double number, Dtype dtype);

/// Whether an operand's tensor has the shape that its rule says.
[[nodiscard]] bool operand_fits(const MadeOperand& operand, const Tensor& tensor, const Extents& extents);

}  // namespace omap::test
