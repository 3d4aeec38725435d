#pragma once

#include <map>
#include <string>

#include "diagnostics/diagnostic.h"
#include "runtime/bind/environment.h"
#include "runtime/json/value.h"
#include "runtime/plan/plan.h"

namespace omap {

/// What a caller says of a state's sizes, by name: of a param its value; of an index how many values it has (0, 1, ...)
/// or their list.
using Bounds = std::map<std::string, Value, std::less<>>;

/// A plan with bounds put in: its indexes run over what they say, and its params are set.
struct BoundedPlan {
  Plan plan;
  Settings settings;
};
/// An unknown name, and a value of another type than declared, are errors.
[[nodiscard]] Result<BoundedPlan> apply_bounds(const Plan& plan, const Bounds& bounds);

}  // namespace omap
