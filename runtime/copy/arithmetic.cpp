#include "runtime/copy/arithmetic.h"

#include <array>

#include "runtime/copy/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/copy/arithmetic.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace omap {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

template <ValueStep::Op op, class V>
HWY_INLINE V result(V value, V operand) {
  if constexpr (op == ValueStep::Op::add) return hn::Add(value, operand);
  if constexpr (op == ValueStep::Op::subtract) return hn::Sub(value, operand);
  if constexpr (op == ValueStep::Op::multiply) return hn::Mul(value, operand);
  if constexpr (op == ValueStep::Op::divide) return hn::Div(value, operand);
}

/// Steps through registers; a single operand stays where it is. The last register of both is filled up with ones.
template <ValueStep::Op op, class Number>
void apply_op(std::span<Number> values, std::span<const Number> operands) {
  const hn::ScalableTag<Number> d;
  const std::size_t lanes = hn::Lanes(d), count = values.size();
  const bool single = operands.size() == 1;
  const auto all = hn::Set(d, operands.empty() ? Number{1} : operands[0]);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto operand = single ? all : hn::LoadU(d, &operands[i]);
    hn::StoreU(result<op>(hn::LoadU(d, &values[i]), operand), d, &values[i]);
  }
  if (i == count) return;
  std::array<Number, HWY_MAX_BYTES / sizeof(Number)> rest, rest_operands;
  rest.fill(Number{1});
  rest_operands.fill(single ? operands[0] : Number{1});
  for (std::size_t k = i; k < count; ++k) {
    rest[k - i] = values[k];
    if (!single) rest_operands[k - i] = operands[k];
  }
  const auto made = result<op>(hn::LoadU(d, rest.data()), hn::LoadU(d, rest_operands.data()));
  hn::StoreU(made, d, rest.data());
  for (std::size_t k = i; k < count; ++k) values[k] = rest[k - i];
}

template <class Number>
void apply_number(ValueStep::Op op, std::span<Number> values, std::span<const Number> operands) {
  switch (op) {
    case ValueStep::Op::add:
      return apply_op<ValueStep::Op::add>(values, operands);
    case ValueStep::Op::subtract:
      return apply_op<ValueStep::Op::subtract>(values, operands);
    case ValueStep::Op::multiply:
      return apply_op<ValueStep::Op::multiply>(values, operands);
    case ValueStep::Op::divide:
      return apply_op<ValueStep::Op::divide>(values, operands);
  }
}

void apply_float(ValueStep::Op op, std::span<float> values, std::span<const float> operands) {
  apply_number(op, values, operands);
}
void apply_double(ValueStep::Op op, std::span<double> values, std::span<const double> operands) {
  apply_number(op, values, operands);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace omap
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace omap {

HWY_EXPORT(apply_float);
HWY_EXPORT(apply_double);

void apply(ValueStep::Op op, std::span<float> values, std::span<const float> operands) {
  HWY_DYNAMIC_DISPATCH(apply_float)(op, values, operands);
}
void apply(ValueStep::Op op, std::span<double> values, std::span<const double> operands) {
  HWY_DYNAMIC_DISPATCH(apply_double)(op, values, operands);
}
void apply(ValueStep::Op op, std::span<float> values, float operand) { apply(op, values, std::span(&operand, 1)); }
void apply(ValueStep::Op op, std::span<double> values, double operand) { apply(op, values, std::span(&operand, 1)); }

}  // namespace omap
#endif
