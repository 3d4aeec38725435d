#include "runtime/run/tie_check.h"

#include <optional>
#include <utility>
#include <vector>

#include "runtime/run/tensor_pairs.h"

namespace omap {
namespace {

std::string type_text(const TensorInfo& tensor) {
  return fmt::format("{} {}", name(tensor.dtype), extents_text(tensor.shape));
}

Diagnostic advise(Diagnostic diagnostic) {
  return std::move(diagnostic)
      .label("says that they are one tensor")
      .help("if this checkpoint is right to have two, give the `tie` a condition that is false for it");
}

Diagnostic types_differ(const TieCheck& tie, const TensorInfo& first, const TensorInfo& second) {
  return advise(Diagnostic(Code::tie_differs, tie.range, "`{}` and `{}` are tied and differ: {} and {}", first.key,
                           second.key, type_text(first), type_text(second)));
}

Diagnostic bits_differ(const TieCheck& tie, const TensorInfo& first, const TensorInfo& second, std::uint64_t unit) {
  return advise(Diagnostic(Code::tie_differs, tie.range, "`{}` and `{}` are tied and differ, first in element {}",
                           first.key, second.key, extents_text(element_index(first, unit))));
}

}  // namespace

Result<void> check_ties(std::span<const TieCheck> ties, const CheckpointReader& source,
                        std::span<const BufferPair> buffers) {
  if (ties.empty()) return {};
  const std::vector<TensorInfo>& tensors = source.index().tensors();
  std::vector<TensorPair> pairs;
  for (const TieCheck& tie : ties) {
    const TensorInfo& first = tensors[tie.first];
    const TensorInfo& second = tensors[tie.second];
    if (first.dtype != second.dtype || first.shape != second.shape) return fail(types_differ(tie, first, second));
    pairs.push_back({{&source, &first}, {&source, &second}});
  }

  std::optional<std::pair<std::size_t, std::uint64_t>> least;
  auto compared = compare_tensors(pairs, buffers, [&](std::size_t pair, const ElementDifference& difference) {
    const std::pair place(pair, difference.first);
    if (!least || place < *least) least = place;
    return false;
  });
  if (!compared) return compared;
  if (!least) return {};
  const auto [tie, unit] = *least;
  return fail(bits_differ(ties[tie], *pairs[tie].a.tensor, *pairs[tie].b.tensor, unit));
}

}  // namespace omap
