#pragma once

#include "runtime/json/value.h"
#include "runtime/plan/plan.h"

namespace omap {

/// A value as a config has it: what an expression gives that can only be a dtype is spelled as PyTorch does,
/// `bfloat16`.
[[nodiscard]] Value spelled_for_config(const Plan& plan, const Expr& expr, Value value);

}  // namespace omap
