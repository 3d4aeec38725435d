#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "diagnostics/source_range.h"
#include "runtime/plan/plan.h"

namespace omap {

/// A named axis where it stands in a rule.
struct AxisUse {
  std::string name;
  /// Of the axis itself where the text is known, else of its term.
  SourceRange range;
  const AxisExpr* axis = nullptr;
};

/// Named axes of a term's shape in reading order, `...` included (as `...`); one that stands twice is in it twice.
[[nodiscard]] std::vector<AxisUse> axis_uses(const Term& term);
/// The same of an operand.
[[nodiscard]] std::vector<AxisUse> axis_uses(const Operand& operand);
/// The same of several terms.
[[nodiscard]] std::vector<AxisUse> axis_uses(const std::vector<Term>& terms);

/// Params that say how many entries a `_` has, where they stand: `_=padding`.
[[nodiscard]] std::vector<AxisUse> gap_uses(const Term& term);

/// `boxes`: the text of a set of axes: "`h d`", or "no axes".
[[nodiscard]] std::string list_axes(const std::vector<std::string>& axes);

}  // namespace omap
