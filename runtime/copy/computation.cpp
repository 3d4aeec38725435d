#include "runtime/copy/computation.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "runtime/copy/arithmetic.h"
#include "runtime/copy/float32_elements.h"
#include "runtime/copy/integer_casts.h"
#include "runtime/dtype/element.h"

namespace omap {
namespace {

/// What is computed at a time: it stays in L1.
constexpr std::size_t block_elements = 1024;

std::size_t element_bytes(Dtype dtype) { return bits(dtype) / 8; }

// Elements as numbers of one type, some at a time, and back.

void decode_block(Dtype dtype, const std::byte* elements, std::span<float> numbers) {
  to_float32(dtype, numbers.size(), elements, std::as_writable_bytes(numbers).data());
}

/// What float32 holds goes through it.
void decode_block(Dtype dtype, const std::byte* elements, std::span<double> numbers) {
  if (dtype == Dtype::f64) {
    std::memcpy(numbers.data(), elements, numbers.size_bytes());
  } else if (needs_double(dtype)) {
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = decode(dtype, elements + i * element_bytes(dtype));
  } else {
    alignas(64) std::array<float, block_elements> floats;
    const std::span<float> block = std::span(floats).first(numbers.size());
    decode_block(dtype, elements, block);
    std::ranges::copy(block, numbers.begin());
  }
}

void encode_block(Dtype dtype, std::span<const float> numbers, std::byte* elements) {
  from_float32(dtype, numbers.size(), std::as_bytes(numbers).data(), elements);
}

void encode_block(Dtype dtype, std::span<const double> numbers, std::byte* elements) {
  if (dtype == Dtype::f64) {
    std::memcpy(elements, numbers.data(), numbers.size_bytes());
  } else if (dtype == Dtype::f32) {
    to_float32(Dtype::f64, numbers.size(), std::as_bytes(numbers).data(), elements);
  } else {
    for (std::size_t i = 0; i < numbers.size(); ++i) encode(dtype, numbers[i], elements + i * element_bytes(dtype));
  }
}

/// `Number` is float or double: every operation rounds to it.
template <class Number>
void compute_in(const Computation& computation, std::span<const std::byte> source,
                std::span<const std::span<const std::byte>> operands, std::span<std::byte> destination) {
  const std::size_t size = element_bytes(computation.destination);
  const std::size_t count = destination.size() / size;
  alignas(64) std::array<Number, block_elements> value_block, operand_block;
  for (std::size_t first = 0; first < count; first += block_elements) {
    const std::span<Number> values = std::span(value_block).first(std::min(block_elements, count - first));
    if (computation.source) {
      decode_block(*computation.source, &source[first * element_bytes(*computation.source)], values);
    } else {
      std::ranges::fill(values, static_cast<Number>(computation.start));
    }
    for (const ValueStep& step : computation.steps) {
      if (step.operand) {
        const Dtype dtype = computation.operands[*step.operand];
        const std::span<Number> operand = std::span(operand_block).first(values.size());
        decode_block(dtype, &operands[*step.operand][first * element_bytes(dtype)], operand);
        apply(step.op, values, std::span<const Number>(operand));
      } else {
        apply(step.op, values, static_cast<Number>(step.number));
      }
    }
    encode_block(computation.destination, std::span<const Number>(values), &destination[first * size]);
  }
}

/// A cast to or from float32 needs no block in between.
bool cast_float32(const Computation& computation, std::span<const std::byte> source, std::span<std::byte> destination) {
  if (!computation.steps.empty() || !computation.source) return false;
  const std::size_t count = destination.size() / element_bytes(computation.destination);
  const auto through_double = [](Dtype dtype) { return needs_double(dtype) && dtype != Dtype::f64; };
  if (computation.destination == Dtype::f32 && !through_double(*computation.source)) {
    to_float32(*computation.source, count, source.data(), destination.data());
  } else if (*computation.source == Dtype::f32) {
    from_float32(computation.destination, count, source.data(), destination.data());
  } else {
    return false;
  }
  return true;
}

}  // namespace

bool Computation::in_double() const {
  return needs_double(destination) || (source && needs_double(*source)) || std::ranges::any_of(operands, needs_double);
}

bool Computation::casts_integers() const {
  return steps.empty() && source && (is_integer(destination) || (is_integer(*source) && !can_decode(*source)));
}

void compute(const Computation& computation, std::span<const std::byte> source,
             std::span<const std::span<const std::byte>> operands, std::span<std::byte> destination) {
  if (computation.casts_integers()) {
    const std::size_t count = destination.size() / element_bytes(computation.destination);
    return cast_integers(*computation.source, computation.destination, count, source.data(), destination.data());
  }
  if (cast_float32(computation, source, destination)) return;
  if (computation.in_double()) {
    compute_in<double>(computation, source, operands, destination);
  } else {
    compute_in<float>(computation, source, operands, destination);
  }
}

}  // namespace omap
