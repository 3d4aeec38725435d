#pragma once

#include <string>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "runtime/bind/environment.h"
#include "runtime/plan/plan.h"

namespace omap {

/// `` `a.{0..3}.b` (4 keys), `c` `` and how many more.
[[nodiscard]] std::string list_keys(const std::vector<std::string>& keys);

/// Source keys that nothing reads: those that a rule would read if an index ran further, one error for each index;
/// the others, one for each group of keys that differ in numbers only.
[[nodiscard]] Diagnostics report_unclaimed(const Plan& plan, Direction direction,
                                           const std::vector<std::string>& unclaimed, Environment& environment);

}  // namespace omap
