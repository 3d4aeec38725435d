#include "runtime/bind/model_cast.h"

#include <cstdint>
#include <map>

#include "runtime/dtype/element.h"

namespace omap {

std::optional<Dtype> model_dtype(const SourceKeys& source) {
  std::map<Dtype, double> bytes;
  for (std::uint32_t tensor = 0; tensor < source.index().tensors().size(); ++tensor) {
    const TensorInfo& info = source.index().tensors()[tensor];
    if (!source.key(tensor) || !can_encode(info.dtype)) continue;
    // A sum of many sizes may exceed 64 bits, as those of views do that share one storage.
    bytes[info.dtype] += static_cast<double>(byte_count(info.dtype, info.shape).value_or(0));
  }
  const std::pair<const Dtype, double>* most = nullptr;
  for (const auto& each : bytes) {
    const bool more =
        !most || each.second > most->second || (each.second == most->second && bits(each.first) < bits(most->first));
    if (more) most = &each;
  }
  return most ? std::optional(most->first) : std::nullopt;
}

}  // namespace omap
