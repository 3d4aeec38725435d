#include "compiler/driver/standard_plans.h"

#include <fmt/format.h>

#include <utility>

#include "compiler/load_mapping.h"
#include "stdlib-mappings/standard_mappings.h"

namespace omap::driver {

bool has_side(const StandardPlan& standard, const std::string& side) {
  return !standard.is_base && (standard.plan.left.name == side || standard.plan.right.name == side);
}

bool is_between(const StandardPlan& standard, const std::string& from, const std::string* to) {
  return has_side(standard, from) && (!to || (*to != from && has_side(standard, *to)));
}

std::vector<StandardPlan> standard_plans() {
  std::vector<StandardPlan> all;
  for (const StandardMapping& mapping : standard_mappings()) {
    LoadedFile file = load_file(fmt::format("std:{}", mapping.name));
    const bool only = file.plans.size() == 1 && file.plans.front().name == mapping.name;
    for (Plan& plan : file.plans) {
      const bool base = is_base(plan);
      std::string name = only ? fmt::format("std:{}", mapping.name) : fmt::format("std:{}:{}", mapping.name, plan.name);
      all.push_back({std::move(name), std::move(plan), file.sources, base});
    }
  }
  return all;
}

}  // namespace omap::driver
