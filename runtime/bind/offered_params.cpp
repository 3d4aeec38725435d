#include "runtime/bind/offered_params.h"

#include <algorithm>

namespace omap {

bool is_offered(const Plan& plan, const Param& param) {
  const bool some = std::ranges::any_of(plan.params, [](const Param& each) { return !each.doc.empty(); });
  if (some) return !param.doc.empty() || !param.value;
  return param.index.empty() && (param.type != ParamType::config || !param.value);
}

}  // namespace omap
