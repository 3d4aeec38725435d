#include "tests/reference/state_executor.h"

#include <fmt/format.h>

#include <numeric>

#include "runtime/torch/scalar_type.h"
#include "runtime/torch/state_converter.h"
#include "runtime/torch/strided_views.h"
#include "tests/reference/torch_tensors.h"

namespace omap::test {
namespace {

/// The same elements, elsewhere in memory.
at::Tensor laid_out(const at::Tensor& tensor, unsigned how) {
  switch (how % 3) {
    case 0:
      return tensor;
    case 1: {
      std::vector<std::int64_t> reversed(static_cast<std::size_t>(tensor.dim()));
      std::iota(reversed.rbegin(), reversed.rend(), 0);
      return tensor.permute(reversed).contiguous().permute(reversed);
    }
    default: {
      // Every other element of rows that are longer, from the second on.
      std::vector<std::int64_t> wide = tensor.sizes().vec();
      if (wide.empty()) return tensor;
      wide.back() = 2 * wide.back() + 1;
      const at::Tensor memory = at::zeros(wide, tensor.options());
      at::Tensor inside = memory.slice(-1, 1, wide.back(), 2);
      as_bits(inside).copy_(as_bits(tensor));
      return inside;
    }
  }
}

bool known(const Tensors& tensors) {
  return std::all_of(tensors.begin(), tensors.end(),
                     [](const auto& entry) { return scalar_type(entry.second.dtype).has_value(); });
}

Bounds bounds_of(const Mapping& mapping) {
  Bounds bounds;
  for (const MadeParam& param : mapping.params) {
    if (param.set) bounds.emplace(param.name, param.flag ? Value(param.value != 0) : Value(param.value));
  }
  return bounds;
}

}  // namespace

std::string difference_as_state(const Plan& plan, const Mapping& mapping, Direction direction, const Tensors& sources,
                                const Tensors& wanted, unsigned draw) {
  if (!known(sources) || !known(wanted)) return {};
  std::vector<StateDict::Entry> entries;
  for (const auto& [key, tensor] : sources) {
    entries.emplace_back(key, laid_out(to_torch(tensor), draw + static_cast<unsigned>(entries.size())));
  }
  auto state = StateDict::from(std::move(entries));
  if (!state) return "no state: " + state.error().front().message;
  ConvertOptions options;
  options.views = draw % 2 == 0 ? ConvertOptions::Views::never : ConvertOptions::Views::allowed;
  options.release_sources = draw % 5 == 0;
  options.threads = 1 + draw % 2;
  const auto made =
      StateConverter(plan, direction).convert(std::move(*state), bounds_of(mapping), StateType::weight, options);
  if (!made) return "as a state it is refused: " + made.error().front().message;
  Tensors ours;
  for (const auto& [key, tensor] : *made) ours.emplace(key, from_torch(tensor, dtype_of(tensor.scalar_type())));
  const std::string difference = first_difference(ours, wanted);
  return difference.empty() ? "" : "as a state: " + difference;
}

}  // namespace omap::test
