#pragma once

#include "compiler/sema/check_expressions.h"

namespace omap::sema {

/// What a shape may be written as: bare numbers, the place of `...`, axes that are params. What it means together with
/// the other shapes of its rule is proved on the plan (runtime/plan/prove_rules.h).
/// `own_rule`: the mapping itself says it, and did not inherit it.
void check_shapes(const CheckedMapping& mapping, const ast::Rule& rule, bool own_rule, Diagnostics& diagnostics,
                  Uses& uses);

}  // namespace omap::sema
