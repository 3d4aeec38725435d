#pragma once

#include <string>

#include "runtime/plan/plan.h"

namespace omap {

/// A plan as a person reads it, for `--emit ir` and goldens; docs/plan-format.md shows one. Rules have the numbers that
/// they have in the JSON.
[[nodiscard]] std::string print_ir(const Plan& plan);

}  // namespace omap
