#pragma once

#include <set>
#include <string>
#include <vector>

#include "runtime/plan/plan.h"

namespace omap {

/// Axes of a dimension whose extent is open, each time they stand; an unsized `_` counts as one of its own.
[[nodiscard]] std::vector<std::string> open_axes(const AxisExpr& dim, const std::set<std::string>& known);

/// The axes of a rule whose extents are known before any tensor is seen: those with a literal, and indexes.
[[nodiscard]] std::set<std::string> declared_extents(const Plan& plan, const Rule& rule);

/// Adds the axes whose extents the sources of a direction tell, given the known ones: repeatedly, a dimension with one
/// open axis, in which it is linear, tells that one.
void learn_extents(const Rule& rule, Direction direction, std::set<std::string>& known);

}  // namespace omap
