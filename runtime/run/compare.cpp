#include "runtime/run/compare.h"

#include <algorithm>
#include <optional>

#include "runtime/run/added_root.h"
#include "runtime/run/tensor_pairs.h"

namespace omap {
namespace {

constexpr std::uint64_t min_chunk = 64 << 10;
constexpr std::uint64_t max_chunk = 512 << 10;

}  // namespace

Result<Comparison> compare(const CheckpointReader& a, const CheckpointReader& b, const CompareOptions& options) {
  const std::string root_a = options.find_root ? added_root(a.index(), b.index()) : "";
  const std::string root_b = options.find_root && root_a.empty() ? added_root(b.index(), a.index()) : "";
  const TensorIndex of_a = without_root(a.index(), root_a);
  const TensorIndex of_b = without_root(b.index(), root_b);
  HeaderComparison headers = compare_headers(of_a, of_b);
  headers.found.root_a = root_a;
  headers.found.root_b = root_b;
  std::vector<TensorPair> pairs;
  for (const AlikeTensors& alike : headers.alike) {
    pairs.push_back({{&a, &of_a.tensors()[alike.a]}, {&b, &of_b.tensors()[alike.b]}});
  }

  const unsigned threads = std::max(1U, options.threads);
  const std::uint64_t chunk = std::clamp(options.memory / threads / 2, min_chunk, max_chunk);
  const std::vector<BufferPair> buffers = buffer_pairs(threads, chunk, chunk);
  std::vector<std::optional<ElementDifference>> differences(pairs.size());
  const OnDifference add = [&](std::size_t pair, const ElementDifference& difference) {
    add_part(differences[pair], difference);
    return true;
  };
  auto compared = compare_tensors(pairs, buffers, add, options.tolerance);
  if (compared) compared = a.check_unchanged();
  if (compared) compared = b.check_unchanged();
  if (!compared) return fail(std::move(compared.error()));
  return with_bits(std::move(headers), of_a, differences);
}

}  // namespace omap
