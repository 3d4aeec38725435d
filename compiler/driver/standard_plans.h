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

[[nodiscard]] bool has_side(const StandardPlan& standard, const std::string& side);
/// Whether it goes from one side to another; any other where `to` is null. A base goes nowhere.
[[nodiscard]] bool is_between(const StandardPlan& standard, const std::string& from, const std::string* to);

/// All of them, in the order of their files' names.
[[nodiscard]] std::vector<StandardPlan> standard_plans();

}  // namespace omap::driver
