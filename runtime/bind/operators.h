#pragma once

#include <span>

#include "runtime/bind/environment.h"

namespace omap {

/// An operation whose operands are values: arithmetic, comparison, `in`, lists, `len` and the like. Integers are 64
/// bits; what exceeds them, a division that is not exact and `first` of nothing have no value.
[[nodiscard]] Evaluated apply_operator(Expr::Op op, std::span<const Value> operands);

}  // namespace omap
