#include "runtime/run/element_difference.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "runtime/dtype/element.h"

namespace omap {
namespace {

bool within(const Tolerance& tolerance, double a, double b) {
  if (!std::isfinite(a) || !std::isfinite(b)) return a == b;
  return std::abs(a - b) <= tolerance.absolute + tolerance.relative * std::abs(b);
}

LargestDifference difference_of(double a, double b) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (!std::isfinite(a) || !std::isfinite(b)) return {infinity, infinity};
  const double absolute = std::abs(a - b);
  return {absolute, b == 0 ? infinity : absolute / std::abs(b)};
}

}  // namespace

std::uint64_t compared_bytes(Dtype dtype) { return std::max(1U, bits(dtype) / 8); }

std::optional<ElementDifference> differing_units(std::span<const std::byte> a, std::span<const std::byte> b,
                                                 std::uint64_t unit) {
  if (std::memcmp(a.data(), b.data(), a.size()) == 0) return std::nullopt;
  ElementDifference difference;
  for (std::uint64_t i = 0; i < a.size() / unit; ++i) {
    if (std::memcmp(a.data() + i * unit, b.data() + i * unit, unit) == 0) continue;
    if (difference.count == 0) difference.first = i;
    ++difference.count;
  }
  return difference;
}

std::optional<ElementDifference> differing_numbers(std::span<const std::byte> a, std::span<const std::byte> b,
                                                   Dtype dtype, const Tolerance& tolerance) {
  if (std::memcmp(a.data(), b.data(), a.size()) == 0) return std::nullopt;
  const std::size_t size = bits(dtype) / 8;
  ElementDifference difference{0, 0, LargestDifference{}};
  LargestDifference& largest = *difference.largest;
  for (std::uint64_t i = 0; i < a.size() / size; ++i) {
    const std::byte* first = a.data() + i * size;
    const std::byte* second = b.data() + i * size;
    if (std::memcmp(first, second, size) == 0) continue;
    const double of_a = decode(dtype, first);
    const double of_b = decode(dtype, second);
    if (within(tolerance, of_a, of_b)) continue;
    const LargestDifference here = difference_of(of_a, of_b);
    largest = {std::max(largest.absolute, here.absolute), std::max(largest.relative, here.relative)};
    if (difference.count == 0) difference.first = i;
    ++difference.count;
  }
  return difference.count == 0 ? std::nullopt : std::optional(difference);
}

std::vector<std::int64_t> element_index(const TensorInfo& tensor, std::uint64_t unit) {
  const std::uint64_t element = unit * compared_bytes(tensor.dtype) * 8 / bits(tensor.dtype);
  std::vector<std::int64_t> index(tensor.shape.size());
  auto rest = static_cast<std::int64_t>(element);
  for (std::size_t axis = index.size(); axis-- > 0;) {
    index[axis] = rest % tensor.shape[axis];
    rest /= tensor.shape[axis];
  }
  return index;
}

std::string extents_text(std::span<const std::int64_t> values) {
  std::string text = "[";
  for (const std::int64_t value : values) {
    if (text.size() > 1) text += ", ";
    text += std::to_string(value);
  }
  return text + "]";
}

}  // namespace omap
