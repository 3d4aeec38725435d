#include "runtime/copy/computation.h"

#include <algorithm>

#include "runtime/dtype/element.h"

namespace omap {
namespace {

template <class Number>
Number apply(ValueStep::Op op, Number value, Number operand) {
  switch (op) {
    case ValueStep::Op::add:
      return value + operand;
    case ValueStep::Op::subtract:
      return value - operand;
    case ValueStep::Op::multiply:
      return value * operand;
    case ValueStep::Op::divide:
      return value / operand;
  }
  return value;
}

std::size_t element_bytes(Dtype dtype) { return bits(dtype) / 8; }

/// `Number` is float or double: every operation rounds to it.
template <class Number>
void compute_in(const Computation& computation, std::span<const std::byte> source,
                std::span<const std::span<const std::byte>> operands, std::span<std::byte> destination) {
  const std::size_t size = element_bytes(computation.destination);
  const std::size_t count = destination.size() / size;
  for (std::size_t i = 0; i < count; ++i) {
    auto value = static_cast<Number>(computation.start);
    if (computation.source) {
      value = static_cast<Number>(decode(*computation.source, &source[i * element_bytes(*computation.source)]));
    }
    for (const ValueStep& step : computation.steps) {
      auto operand = static_cast<Number>(step.number);
      if (step.operand) {
        const Dtype dtype = computation.operands[*step.operand];
        operand = static_cast<Number>(decode(dtype, &operands[*step.operand][i * element_bytes(dtype)]));
      }
      value = apply(step.op, value, operand);
    }
    encode(computation.destination, static_cast<double>(value), &destination[i * size]);
  }
}

/// Without steps: no arithmetic, and so no rounding but the one at the end.
void cast_all(const Computation& computation, std::span<const std::byte> source, std::span<std::byte> destination) {
  const std::size_t from = element_bytes(*computation.source), to = element_bytes(computation.destination);
  for (std::size_t i = 0; i < destination.size() / to; ++i) {
    cast(*computation.source, &source[i * from], computation.destination, &destination[i * to]);
  }
}

}  // namespace

bool Computation::in_double() const {
  return needs_double(destination) || (source && needs_double(*source)) || std::ranges::any_of(operands, needs_double);
}

void compute(const Computation& computation, std::span<const std::byte> source,
             std::span<const std::span<const std::byte>> operands, std::span<std::byte> destination) {
  if (computation.source && computation.steps.empty()) {
    cast_all(computation, source, destination);
  } else if (computation.in_double()) {
    compute_in<double>(computation, source, operands, destination);
  } else {
    compute_in<float>(computation, source, operands, destination);
  }
}

}  // namespace omap
