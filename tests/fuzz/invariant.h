#pragma once

#include "runtime/plan/plan.h"

namespace omap::fuzz {

/// What holds for every plan, wherever it comes from: `verify` accepts it, and the same of its inverse; its JSON is
/// read as the same plan and written as the same text.
void require_sound(const Plan& plan);

}  // namespace omap::fuzz
