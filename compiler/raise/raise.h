#pragma once

#include <string>

#include "diagnostics/diagnostic.h"
#include "runtime/plan/plan.h"

namespace omap {

/// A plan as the text of a mapping, in the canonical layout: what `lower` does, the other way. Blocks, files and what
/// was inherited are not brought back; comments are lost. Compiling the text gives the plan, but for ranges: that is
/// checked here, and a plan that says something no text can say is `plan_unspeakable`.
[[nodiscard]] Result<std::string> raise(const Plan& plan);

}  // namespace omap
