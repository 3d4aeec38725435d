#include "runtime/plan/prove_rules.h"

namespace omap {

void prove_rules(const Plan& plan, Diagnostics& diagnostics) {
  bool all = prove_indexes(plan, diagnostics);
  for (const Rule& rule : plan.rules) {
    all = prove_keys(plan, rule, diagnostics) && prove_values(plan, rule, diagnostics) &&
          prove_axes(plan, rule, diagnostics) && prove_extents(plan, rule, diagnostics) && all;
  }
  for (const Rule& rule : plan.modules) all = prove_keys(plan, rule, diagnostics) && all;
  if (!all) return;
  prove_params(plan, diagnostics);
  prove_disjoint(plan, diagnostics);
  prove_config(plan, diagnostics);
  find_unreachable(plan, diagnostics);
}

}  // namespace omap
