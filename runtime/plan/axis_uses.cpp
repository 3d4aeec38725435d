#include "runtime/plan/axis_uses.h"

#include <fmt/format.h>

#include "runtime/plan/boxes.h"

namespace omap {
namespace {

void collect(const AxisExpr& axis, SourceRange around, std::vector<AxisUse>& uses) {
  const SourceRange range = axis.range.known() ? axis.range : around;
  if (axis.kind == AxisExpr::Kind::axis || axis.kind == AxisExpr::Kind::divided) {
    uses.push_back({axis.name, range, &axis});
  } else if (axis.kind == AxisExpr::Kind::ellipsis) {
    uses.push_back({std::string(ellipsis_axis), range, &axis});
  }
  for (const AxisExpr& part : axis.parts) collect(part, around, uses);
}

void collect_gaps(const AxisExpr& axis, SourceRange around, std::vector<AxisUse>& uses) {
  if (axis.kind == AxisExpr::Kind::dropped && !axis.name.empty()) {
    uses.push_back({axis.name, axis.range.known() ? axis.range : around, &axis});
  }
  for (const AxisExpr& part : axis.parts) collect_gaps(part, around, uses);
}

}  // namespace

std::vector<AxisUse> axis_uses(const Term& term) {
  std::vector<AxisUse> uses;
  if (term.shape) {
    for (const AxisExpr& dim : term.shape->dims) collect(dim, term.range, uses);
  }
  return uses;
}

std::vector<AxisUse> axis_uses(const Operand& operand) {
  std::vector<AxisUse> uses;
  for (const AxisExpr& dim : operand.shape.dims) collect(dim, operand.range, uses);
  return uses;
}

std::vector<AxisUse> axis_uses(const std::vector<Term>& terms) {
  std::vector<AxisUse> all;
  for (const Term& term : terms) {
    auto uses = axis_uses(term);
    all.insert(all.end(), uses.begin(), uses.end());
  }
  return all;
}

std::vector<AxisUse> gap_uses(const Term& term) {
  std::vector<AxisUse> uses;
  if (term.shape) {
    for (const AxisExpr& dim : term.shape->dims) collect_gaps(dim, term.range, uses);
  }
  return uses;
}

std::string list_axes(const std::vector<std::string>& axes) {
  if (axes.empty()) return "no axes";
  return fmt::format("the axes `{}`", fmt::join(axes, " "));
}

}  // namespace omap
