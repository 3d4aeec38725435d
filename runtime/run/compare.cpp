#include "runtime/run/compare.h"

#include <algorithm>
#include <optional>

#include "runtime/run/tensor_pairs.h"

namespace omap {
namespace {

constexpr std::uint64_t min_chunk = 64 << 10;
constexpr std::uint64_t max_chunk = 512 << 10;

}  // namespace

Result<Comparison> compare(const CheckpointReader& a, const CheckpointReader& b, const CompareOptions& options) {
  HeaderComparison headers = compare_headers(a.index(), b.index());
  std::vector<TensorPair> pairs;
  for (const AlikeTensors& alike : headers.alike) {
    pairs.push_back({{&a, &a.index().tensors()[alike.a]}, {&b, &b.index().tensors()[alike.b]}});
  }

  const unsigned threads = std::max(1U, options.threads);
  const std::uint64_t chunk = std::clamp(options.memory / threads / 2, min_chunk, max_chunk);
  const std::vector<BufferPair> buffers = buffer_pairs(threads, chunk, chunk);
  std::vector<std::optional<ElementDifference>> differences(pairs.size());
  auto compared = compare_tensors(pairs, buffers, [&](std::size_t pair, const ElementDifference& difference) {
    add_part(differences[pair], difference);
    return true;
  });
  if (!compared) return fail(std::move(compared.error()));
  return with_bits(std::move(headers), a.index(), differences);
}

}  // namespace omap
