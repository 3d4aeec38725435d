#include "runtime/bind/bind_modules.h"

#include "runtime/bind/bind_report.h"
#include "runtime/bind/expand_rule.h"
#include "runtime/bind/source_keys.h"

namespace omap {

Result<std::vector<ModuleName>> bind_modules(const Plan& plan, const TensorIndex& source, const Configs& configs,
                                             const BindOptions& options) {
  const SourceKeys keys(source, root_in(plan.source_side(options.direction), options.source_format));
  Environment environment(plan, options.direction, keys, configs, options.tokenizer, options.settings);
  BindReport report(plan, options.direction);
  std::vector<ModuleName> names;
  std::size_t budget = max_expanded_keys;
  for (const Rule& rule : plan.modules) {
    if (!rule.runs(options.direction)) continue;
    const auto instances = expand_rule(plan, rule, options.direction, environment, budget);
    if (!instances) {
      report.no_value(rule.range, instances.error(), "needed by this rule");
      continue;
    }
    for (const RuleInstance& instance : *instances) {
      names.push_back({instance.sources[0].keys[0].texts[0], instance.destinations[0].keys[0].texts[0]});
    }
  }
  Diagnostics problems = report.finish({}, environment);
  if (has_errors(problems)) return fail(std::move(problems));
  return names;
}

}  // namespace omap
