#include "tests/reference/tensors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>

namespace omap::test {
namespace {

/// How a float is laid out; integers have no exponent.
struct Layout {
  unsigned exponent = 0, mantissa = 0;
};

Layout layout_of(Dtype dtype) {
  switch (dtype) {
    case Dtype::f64:
      return {11, 52};
    case Dtype::f32:
      return {8, 23};
    case Dtype::f16:
      return {5, 10};
    case Dtype::bf16:
      return {8, 7};
    case Dtype::f8_e4m3:
    case Dtype::f8_e4m3fnuz:
      return {4, 3};
    case Dtype::f8_e5m2:
    case Dtype::f8_e5m2fnuz:
      return {5, 2};
    default:
      return {};
  }
}

bool is_nan(Dtype dtype, std::uint64_t pattern) {
  const Layout layout = layout_of(dtype);
  if (layout.exponent == 0) return false;
  const std::uint64_t sign = std::uint64_t{1} << (layout.exponent + layout.mantissa);
  if (dtype == Dtype::f8_e4m3fnuz || dtype == Dtype::f8_e5m2fnuz) return pattern == sign;
  if (dtype == Dtype::f8_e4m3) return pattern % sign == sign - 1;
  return pattern % sign > ((std::uint64_t{1} << layout.exponent) - 1) << layout.mantissa;
}

std::uint64_t pattern_at(const Tensor& tensor, std::size_t element) {
  const std::size_t size = bits(tensor.dtype) / 8;
  std::uint64_t pattern = 0;
  std::memcpy(&pattern, tensor.bytes.data() + element * size, size);
  return pattern;
}

std::string difference(const Tensor& ours, const Tensor& theirs, const std::vector<bool>* computed) {
  if (ours.dtype != theirs.dtype) return fmt::format("is {}, not {}", name(ours.dtype), name(theirs.dtype));
  if (ours.shape != theirs.shape) return fmt::format("is {}, not {}", ours.shape, theirs.shape);
  if (ours.bytes.size() != theirs.bytes.size()) return "has another size";
  if (ours.bytes == theirs.bytes) return {};
  for (std::size_t i = 0, count = ours.bytes.size() / (bits(ours.dtype) / 8); i < count; ++i) {
    const std::uint64_t one = pattern_at(ours, i), other = pattern_at(theirs, i);
    if (one == other) continue;
    if (computed && (*computed)[i] && is_nan(ours.dtype, one) && is_nan(ours.dtype, other)) continue;
    return fmt::format("{} has {:#x} at element {}, not {:#x}", ours.shape, one, i, other);
  }
  return {};
}

/// A pattern of a float: `draw` is any number.
std::uint64_t float_pattern(const Layout& layout, std::uint64_t draw) {
  const std::uint64_t mantissas = std::uint64_t{1} << layout.mantissa;
  const std::uint64_t exponents = std::uint64_t{1} << layout.exponent;
  const std::uint64_t sign = (draw >> 40 & 1) << (layout.exponent + layout.mantissa);
  const std::uint64_t mantissa = draw % mantissas, bias = exponents / 2 - 1;
  const std::uint64_t near = (bias + (draw >> 41) % 5) % exponents - std::min<std::uint64_t>(2, bias);
  switch (draw >> 56 & 31) {
    case 0:
      return sign | (exponents - 1) << layout.mantissa;  // An infinity.
    case 1:
      return sign | (exponents - 1) << layout.mantissa | std::max<std::uint64_t>(mantissa, 1);  // A NaN.
    case 2:
      return sign;
    case 3:
    case 4:
      return sign | mantissa;  // A subnormal.
    case 5:
      return sign | (((exponents - 1) << layout.mantissa) - 1);  // The greatest.
    case 6:
    case 7:
    case 8:
      return sign | mantissa | (draw >> 44) % exponents << layout.mantissa;
    default:
      return sign | mantissa | near << layout.mantissa;
  }
}

template <class Pattern>
Tensor patterned(Dtype dtype, std::vector<std::int64_t> shape, std::uint64_t& next, const Pattern& pattern) {
  Tensor tensor{dtype, std::move(shape), {}};
  std::size_t elements = 1;
  for (const std::int64_t extent : tensor.shape) elements *= static_cast<std::size_t>(extent);
  const std::size_t size = bits(dtype) / 8;
  tensor.bytes.resize(elements * size);
  for (std::size_t i = 0; i < elements; ++i) {
    // An odd factor is a permutation of the 2^bits patterns: neighbours differ in every byte.
    const std::uint64_t made = pattern(next++ * 0x9e3779b97f4a7c15u);
    std::memcpy(tensor.bytes.data() + i * size, &made, size);
  }
  return tensor;
}

}  // namespace

std::string first_difference(const Tensors& ours, const Tensors& theirs, const Computed& computed) {
  for (const auto& [key, tensor] : theirs) {
    const auto found = ours.find(key);
    if (found == ours.end()) return fmt::format("`{}` is not written", key);
    const auto elements = computed.find(key);
    const std::string what =
        difference(found->second, tensor, elements == computed.end() ? nullptr : &elements->second);
    if (!what.empty()) {
      return fmt::format("`{}` {}", key, what);
    }
  }
  for (const auto& [key, tensor] : ours) {
    if (!theirs.contains(key)) return fmt::format("`{}` is written, and should not be", key);
  }
  return {};
}

Tensor counted_tensor(Dtype dtype, std::vector<std::int64_t> shape, std::uint64_t& next) {
  return patterned(dtype, std::move(shape), next, [](std::uint64_t draw) { return draw; });
}

Tensor numbers_tensor(Dtype dtype, std::vector<std::int64_t> shape, std::uint64_t& next) {
  const Layout layout = layout_of(dtype);
  return patterned(dtype, std::move(shape), next,
                   [&](std::uint64_t draw) { return layout.exponent == 0 ? draw : float_pattern(layout, draw); });
}

}  // namespace omap::test
