#include "runtime/torch/compare_ties.h"

#include <ATen/ATen.h>

#include "runtime/torch/state_headers.h"
#include "runtime/torch/strided_views.h"

namespace omap {
namespace {

bool same_memory(const at::Tensor& a, const at::Tensor& b) {
  return a.is_same_size(b) && a.strides() == b.strides() && a.scalar_type() == b.scalar_type() &&
         a.device() == b.device() && elements_of(a) == elements_of(b);
}

/// NaN equals NaN here, and 0 is not -0: bits are compared.
bool equal_bits(const at::Tensor& a, const at::Tensor& b) {
  if (same_memory(a, b)) return true;
  if (!a.is_same_size(b) || a.scalar_type() != b.scalar_type()) return false;
  const at::Tensor there = b.device() == a.device() ? b : b.to(a.device());
  const auto bits = [](const at::Tensor& t) { return as_bits(t.is_complex() ? at::view_as_real(t) : t); };
  return at::equal(bits(a), bits(there));
}

}  // namespace

Result<void> compare_ties(std::span<const TieCheck> ties, std::span<const at::Tensor> sources,
                          std::span<const std::string> keys) {
  for (const TieCheck& tie : ties) {
    const at::Tensor& first = sources[tie.first];
    const at::Tensor& second = sources[tie.second];
    if (first.is_meta() || second.is_meta() || equal_bits(first, second)) continue;
    return fail(
        Diagnostic(Code::tie_differs, tie.range, "`{}` and `{}` are tied and differ", keys[tie.first], keys[tie.second])
            .label("says that they are one tensor")
            .help("if this state is right to have two, give the `tie` a condition that is false for it"));
  }
  return {};
}

}  // namespace omap
