#include "runtime/run/comparison.h"

#include <algorithm>
#include <utility>

namespace omap {

bool Comparison::same() const {
  return only_a.empty() && only_b.empty() && dtypes.empty() && shapes.empty() && bits.empty();
}

HeaderComparison compare_headers(const TensorIndex& a, const TensorIndex& b, std::string_view root) {
  HeaderComparison result;
  Comparison& found = result.found;
  for (std::uint32_t i = 0; i < a.tensors().size(); ++i) {
    const TensorInfo& of_a = a.tensors()[i];
    const auto place = b.find(of_a.key);
    if (!place) {
      found.only_a.push_back(of_a.key);
      continue;
    }
    const TensorInfo& of_b = b.tensors()[*place];
    if (of_a.dtype != of_b.dtype) found.dtypes.push_back({of_a.key, of_a.dtype, of_b.dtype});
    if (of_a.shape != of_b.shape) found.shapes.push_back({of_a.key, of_a.shape, of_b.shape});
    if (of_a.dtype == of_b.dtype && of_a.shape == of_b.shape) result.alike.push_back({i, *place});
  }
  for (const TensorInfo& of_b : b.tensors()) {
    if (of_b.key.starts_with(root) && !a.find(of_b.key)) found.only_b.push_back(of_b.key);
  }
  return result;
}

void add_part(std::optional<ElementDifference>& whole, const ElementDifference& part) {
  if (!whole) {
    whole = part;
    return;
  }
  whole->count += part.count;
  whole->first = std::min(whole->first, part.first);
  if (!whole->largest || !part.largest) return;
  whole->largest->absolute = std::max(whole->largest->absolute, part.largest->absolute);
  whole->largest->relative = std::max(whole->largest->relative, part.largest->relative);
}

Comparison with_bits(HeaderComparison headers, const TensorIndex& a,
                     std::span<const std::optional<ElementDifference>> differences) {
  Comparison found = std::move(headers.found);
  for (std::size_t i = 0; i < headers.alike.size(); ++i) {
    const TensorInfo& tensor = a.tensors()[headers.alike[i].a];
    if (differences[i]) {
      const ElementDifference& difference = *differences[i];
      found.bits.push_back({tensor.key, difference.count, element_index(tensor, difference.first), difference.largest});
    } else {
      ++found.equal;
    }
  }
  return found;
}

}  // namespace omap
