#pragma once

#include "diagnostics/diagnostic.h"
#include "runtime/plan/plan.h"

namespace omap {

/// All that can be known to be wrong with a plan without a checkpoint: its structure, and where that is sound, what
/// plan/prove_rules.h proves. Runs after compiling and after every load, so that whatever reads a plan may rely on it.
[[nodiscard]] Diagnostics verify(const Plan& plan);

/// Only the structure: that the plan is one docs/plan-format.md allows, in its limits (plan/plan_limits.h), and that
/// every name it uses is declared and has a value there. At most 100 errors.
[[nodiscard]] Diagnostics verify_structure(const Plan& plan);

}  // namespace omap
