#pragma once

#include "runtime/plan/plan.h"

namespace omap {

/// The same relation read from the other side: sides, arrows and equations are swapped, all else is as it was.
/// invert(invert(p)) is p.
[[nodiscard]] Plan invert(Plan plan);

/// A plan without the text that it was made from: what it means, and nothing about where that is said.
[[nodiscard]] Plan without_ranges(Plan plan);

}  // namespace omap
