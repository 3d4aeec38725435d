#include "tests/reference/values.h"

#include <fmt/format.h>

#include <algorithm>

#include "tests/reference/torch_elements.h"

namespace omap::test {
namespace {

using Kind = AxisExpr::Kind;

bool needs_float64(Dtype dtype) { return dtype == Dtype::f64 || dtype == Dtype::i32 || dtype == Dtype::u32; }

char inverse(char sign) {
  constexpr std::string_view signs = "+-*/", inverses = "-+/*";
  return inverses[signs.find(sign)];
}

at::Tensor apply(const at::Tensor& value, char sign, const at::Tensor& operand) {
  if (sign == '+') return value + operand;
  if (sign == '-') return value - operand;
  return sign == '*' ? value * operand : value / operand;
}

/// Axes of a shape of products, in order.
void flat_axes(const AxisExpr& axis, std::vector<const AxisExpr*>& axes) {
  require(axis.kind != Kind::sum && axis.kind != Kind::dropped && axis.kind != Kind::ellipsis,
          "an operand has no sums, `_` or `...`");
  if (axis.kind == Kind::axis || axis.kind == Kind::divided) axes.push_back(&axis);
  for (const AxisExpr& part : axis.parts) flat_axes(part, axes);
}

std::int64_t extent_of(const AxisExpr& axis, const Extents& extents) {
  const auto extent = operand_size(axis, extents);
  require(extent.has_value(), "an operand has an axis that its tensor lacks");
  require(axis.kind != Kind::axis || !axis.size || *axis.size == *extent, "an axis has two extents");
  return *extent;
}

/// The position of an index's value in its list.
std::int64_t position(const Mapping& mapping, const std::string& index, const std::string& value) {
  const auto& values = mapping.find_index(index)->values;
  return std::find(values.begin(), values.end(), value) - values.begin();
}

/// An operand's elements, one for each element of the box.
at::Tensor met_by(const Mapping& mapping, const MadeOperand& operand, const Tensor& tensor, const BoxAt& box,
                  const Extents& extents) {
  std::vector<const AxisExpr*> axes;
  for (const AxisExpr& dim : operand.shape.dims) flat_axes(dim, axes);
  Sizes sizes;
  for (const AxisExpr* axis : axes) sizes.push_back(extent_of(*axis, extents));
  at::Tensor elements = numbers_of(bits_of(tensor), tensor.dtype).reshape(sizes);
  Names left;
  for (const AxisExpr* axis : axes) {
    const auto dim = static_cast<std::int64_t>(left.size());
    const std::int64_t block = axis->kind == Kind::divided ? *axis->size : 1;
    const auto at = box.at.find(axis->name);
    if (at != box.at.end()) {
      elements = elements.select(dim, position(mapping, axis->name, at->second) / block);
      continue;
    }
    elements = elements.repeat_interleave(block, dim).narrow(dim, 0, extents.at(axis->name));
    left.push_back(axis->name);
  }
  std::vector<std::int64_t> order;
  for (const std::string& axis : box.box.axes) {
    const auto found = std::find(left.begin(), left.end(), axis);
    if (found != left.end()) order.push_back(found - left.begin());
  }
  require(order.size() == left.size(), "an operand has an axis that its tensor lacks");
  elements = elements.permute(order);
  for (std::size_t i = 0; i < box.box.axes.size(); ++i) {
    if (std::find(left.begin(), left.end(), box.box.axes[i]) == left.end()) {
      elements = elements.unsqueeze(static_cast<std::int64_t>(i));
    }
  }
  return elements.expand(box.box.elements.sizes());
}

double number_of(const Mapping& mapping, const MadeStep& step) {
  if (step.param.empty()) return step.number;
  const MadeParam* param = mapping.find_param(step.param);
  require(param && (param->is_int() || param->real), "a step needs a number");
  return param->real ? *param->real : static_cast<double>(param->value);
}

/// A step's operand in the precision that is computed in: a number is rounded to it like any other.
at::Tensor operand_of(const Mapping& mapping, const MadeStep& step, char sign, at::ScalarType precision) {
  const double number = number_of(mapping, step);
  require(sign != '/' || number != 0, "a division by 0");
  return at::scalar_tensor(number, at::kDouble).to(precision);
}

}  // namespace

bool ElementFunction::moves(Dtype from) const {
  return source.steps.empty() && destination.steps.empty() && from == dtype;
}

Dtype dtype_said(const Mapping& mapping, const std::string& as) {
  if (const MadeParam* param = mapping.find_param(as)) {
    require(param->dtype.has_value(), "`as` needs a dtype");
    return *param->dtype;
  }
  const auto dtype = dtype_from_text(as);
  require(dtype.has_value(), "there is no such dtype");
  return *dtype;
}

at::Tensor compute(const ElementFunction& function, const BoxAt& box, const Extents& extents) {
  if (function.moves(box.dtype) || box.box.elements.numel() == 0) return box.box.elements;
  const bool computes = !function.source.steps.empty() || !function.destination.steps.empty();
  const bool integers = is_integer_type(function.dtype) || !is_number(box.dtype);
  if (!computes && integers) {
    require(is_integer_type(box.dtype) || is_number(box.dtype), "no cast knows this dtype");
    require(is_integer_type(function.dtype) || is_signed_float(function.dtype), "no cast knows this dtype");
    return cast_integers_of(box.box.elements, box.dtype, function.dtype);
  }
  require(is_number(box.dtype) && is_signed_float(function.dtype), "no arithmetic knows this dtype");
  bool wide = needs_float64(box.dtype) || needs_float64(function.dtype);
  for (const Tensor* operand : box.operands) {
    require(is_number(operand->dtype), "no arithmetic knows this dtype");
    wide = wide || needs_float64(operand->dtype);
  }
  const at::ScalarType precision = wide ? at::kDouble : at::kFloat;
  at::Tensor value = numbers_of(box.box.elements, box.dtype).to(precision);
  auto operand = box.operands.begin();
  for (const MadeStep& step : function.source.steps) {
    const at::Tensor other = step.tensor
                                 ? met_by(function.mapping, *step.tensor, **operand++, box, extents).to(precision)
                                 : operand_of(function.mapping, step, step.sign, precision);
    value = apply(value, step.sign, other);
  }
  const std::vector<MadeStep>& solved = function.destination.steps;
  for (auto step = solved.rbegin(); step != solved.rend(); ++step) {
    require(!step->tensor, "a tensor cannot be read on a side that is written");
    value = apply(value, inverse(step->sign), operand_of(function.mapping, *step, inverse(step->sign), precision));
  }
  return rounded_to(value, function.dtype);
}

at::Tensor filled(double number, Dtype dtype) {
  if (number == 0 && !std::signbit(number)) return at::zeros({}, at::kLong);
  require(is_signed_float(dtype), "a number that a dtype does not hold");
  return rounded_to(at::scalar_tensor(number, at::kDouble).to(dtype == Dtype::f64 ? at::kDouble : at::kFloat), dtype);
}

bool operand_fits(const MadeOperand& operand, const Tensor& tensor, const Extents& extents) {
  if (tensor.shape.size() != operand.shape.dims.size()) return false;
  for (std::size_t d = 0; d < tensor.shape.size(); ++d) {
    std::vector<const AxisExpr*> axes;
    flat_axes(operand.shape.dims[d], axes);
    std::int64_t size = 1;
    for (const AxisExpr* axis : axes) size *= extent_of(*axis, extents);
    if (size != tensor.shape[d]) return false;
  }
  return true;
}

}  // namespace omap::test
