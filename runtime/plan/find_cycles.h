#pragma once

#include "diagnostics/diagnostic.h"
#include "runtime/plan/plan.h"

namespace omap {

/// Params and indexes that need each other's values, or their own (`cyclic_definition`, one for each cycle that shares
/// nothing with those before it). An index that reads itself in its `when` reads one value, and needs none of its own.
[[nodiscard]] Diagnostics find_cycles(const Plan& plan);

}  // namespace omap
