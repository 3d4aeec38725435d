#include "runtime/run/compare.h"

#include <algorithm>
#include <optional>

#include "runtime/run/tensor_pairs.h"

namespace omap {
namespace {

constexpr std::uint64_t min_chunk = 64 << 10;
constexpr std::uint64_t max_chunk = 512 << 10;

/// Fills in what the headers say, and returns the tensors that are left to compare.
std::vector<TensorPair> compare_headers(const CheckpointReader& a, const CheckpointReader& b, Comparison& result) {
  std::vector<TensorPair> alike;
  for (const TensorInfo& of_a : a.index().tensors()) {
    const auto place = b.index().find(of_a.key);
    if (!place) {
      result.only_a.push_back(of_a.key);
      continue;
    }
    const TensorInfo& of_b = b.index().tensors()[*place];
    if (of_a.dtype != of_b.dtype) result.dtypes.push_back({of_a.key, of_a.dtype, of_b.dtype});
    if (of_a.shape != of_b.shape) result.shapes.push_back({of_a.key, of_a.shape, of_b.shape});
    if (of_a.dtype == of_b.dtype && of_a.shape == of_b.shape) alike.push_back({{&a, &of_a}, {&b, &of_b}});
  }
  for (const TensorInfo& of_b : b.index().tensors()) {
    if (!a.index().find(of_b.key)) result.only_b.push_back(of_b.key);
  }
  return alike;
}

}  // namespace

bool Comparison::same() const {
  return only_a.empty() && only_b.empty() && dtypes.empty() && shapes.empty() && bits.empty();
}

Result<Comparison> compare(const CheckpointReader& a, const CheckpointReader& b, const CompareOptions& options) {
  Comparison result;
  const std::vector<TensorPair> pairs = compare_headers(a, b, result);

  const unsigned threads = std::max(1U, options.threads);
  const std::uint64_t chunk = std::clamp(options.memory / threads / 2, min_chunk, max_chunk);
  const std::vector<BufferPair> buffers = buffer_pairs(threads, chunk, chunk);
  std::vector<std::optional<ElementDifference>> found(pairs.size());
  auto compared = compare_tensors(pairs, buffers, [&](std::size_t pair, const ElementDifference& chunk_difference) {
    if (!found[pair]) found[pair] = ElementDifference{0, chunk_difference.first};
    found[pair]->count += chunk_difference.count;
    found[pair]->first = std::min(found[pair]->first, chunk_difference.first);
    return true;
  });
  if (!compared) return fail(std::move(compared.error()));

  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const TensorInfo& tensor = *pairs[i].a.tensor;
    if (found[i]) {
      result.bits.push_back({tensor.key, found[i]->count, element_index(tensor, found[i]->first)});
    } else {
      ++result.equal;
    }
  }
  return result;
}

}  // namespace omap
