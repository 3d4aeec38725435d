#pragma once

#include <optional>

#include "runtime/bind/bind_report.h"
#include "runtime/bind/environment.h"
#include "runtime/bind/extents.h"
#include "runtime/plan/plan.h"

namespace omap {

/// Extents of the indexes and int params that are axes of the rule. A param without a value is left to the shapes; what
/// is wrong is reported.
[[nodiscard]] std::optional<Extents> known_extents(const Plan& plan, const Rule& rule, Environment& environment,
                                                   BindReport& report);

}  // namespace omap
