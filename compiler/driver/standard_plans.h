#pragma once

#include <string>
#include <vector>

#include "diagnostics/source_map.h"
#include "runtime/plan/plan.h"

namespace omap::driver {

/// A standard mapping, compiled.
struct StandardPlan {
  /// As a command line names it: `std:olmo2`, or `std:FILE:NAME` where a file has several.
  std::string name;
  Plan plan;
  SourceMap sources;
  /// For no checkpoint: other mappings extend it.
  bool is_base = false;
};

/// All of them, in the order of their files' names.
[[nodiscard]] std::vector<StandardPlan> standard_plans();

}  // namespace omap::driver
