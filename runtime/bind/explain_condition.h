#pragma once

#include <string>
#include <vector>

#include "runtime/bind/environment.h"
#include "runtime/plan/plan.h"

namespace omap {

/// Why a condition is true or false: the innermost parts that decide it, each with the values that it saw, params
/// followed to what they stand for. `` `hf.hidden_act` is "gelu" ``. Empty where it cannot be said shorter than the
/// condition itself.
[[nodiscard]] std::vector<std::string> explain_condition(const Plan& plan, const Expr& condition,
                                                         Environment& environment);

}  // namespace omap
