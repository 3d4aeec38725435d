#include "runtime/run/element_difference.h"

#include <algorithm>
#include <cstring>

namespace omap {

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
