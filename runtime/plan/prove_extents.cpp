#include <algorithm>
#include <set>

#include "runtime/plan/axis_uses.h"
#include "runtime/plan/known_extents.h"
#include "runtime/plan/prove_rules.h"

namespace omap {
namespace {

/// Several `_` without a size could share what is left of a dimension in several ways.
bool prove_rests(const Plan& plan, const Rule& rule, Direction direction, Diagnostics& diagnostics) {
  for (const Term& term : rule.sources(direction)) {
    if (!term.shape) continue;
    for (const AxisExpr& dim : term.shape->dims) {
      const std::vector<std::string> open = open_axes(dim, {});
      if (std::count(open.begin(), open.end(), "_") < 2) continue;
      diagnostics.push_back(Diagnostic(Code::extent_unknown, dim.range.known() ? dim.range : term.range,
                                       "the extents of the `_` in one dimension are not determined towards `{}`",
                                       plan.destination_side(direction).name)
                                .label("only their sum is known")
                                .help("give all but one of them a size: `_=8`"));
      return false;
    }
  }
  return true;
}

bool prove_direction(const Plan& plan, const Rule& rule, Direction direction, Diagnostics& diagnostics) {
  std::set<std::string> known = declared_extents(plan, rule);
  // Asked for the names of the rule only: a plan may have many more params than a rule has axes.
  for (const auto* side : {&rule.left, &rule.right}) {
    for (const AxisUse& use : axis_uses(*side)) {
      if (plan.find_param(use.name)) known.insert(use.name);
    }
  }
  learn_extents(rule, direction, known);
  for (const auto* side : {&rule.sources(direction), &rule.destinations(direction)}) {
    for (const AxisUse& use : axis_uses(*side)) {
      if (known.contains(use.name)) continue;
      const std::string to = plan.destination_side(direction).name;
      diagnostics.push_back(
          Diagnostic(Code::extent_unknown, use.range, "the extent of axis `{}` is not determined towards `{}`",
                     use.name, to)
              .label("no tensor of `{}` tells it alone", plan.source_side(direction).name)
              .help("say it: `param {}: int = ...`, or write `{}=N` if it never changes", use.name, use.name));
      return false;
    }
  }
  return true;
}

}  // namespace

bool prove_extents(const Plan& plan, const Rule& rule, Diagnostics& diagnostics) {
  if (!has_shapes(rule)) return true;
  for (const Direction direction : {Direction::right, Direction::left}) {
    if (!rule.runs(direction)) continue;
    if (!prove_rests(plan, rule, direction, diagnostics) || !prove_direction(plan, rule, direction, diagnostics)) {
      return false;
    }
  }
  return true;
}

}  // namespace omap
