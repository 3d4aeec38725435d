#pragma once

#include <cstddef>

#include "diagnostics/diagnostic.h"
#include "runtime/plan/plan.h"

namespace omap::sema {

/// Of two rules that were found to write one key, of which one is inherited and the other is not, says that it is so,
/// and how an inherited rule is changed. The first `inherited_rules` of the plan are inherited.
void name_inherited_clashes(const Plan& plan, std::size_t inherited_rules, Diagnostics& found);

}  // namespace omap::sema
