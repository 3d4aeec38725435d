#include <algorithm>
#include <set>

#include "runtime/plan/axis_uses.h"
#include "runtime/plan/boxes.h"
#include "runtime/plan/prove_rules.h"

namespace omap {
namespace {

/// Axes of a dimension whose extent is open, each time they stand; an unsized `_` counts as one of its own.
void open_axes(const AxisExpr& axis, const std::set<std::string>& known, std::vector<std::string>& open) {
  switch (axis.kind) {
    case AxisExpr::Kind::axis:
    case AxisExpr::Kind::divided:
      if (!known.contains(axis.name)) open.push_back(axis.name);
      break;
    case AxisExpr::Kind::dropped:
      if (!axis.size) open.emplace_back("_");
      break;
    default:
      break;
  }
  for (const AxisExpr& part : axis.parts) open_axes(part, known, open);
}

/// Whether the extent of a dimension is linear in `name`: no product holds it twice.
bool linear(const AxisExpr& axis, const std::string& name, std::size_t& degree) {
  degree = axis.kind == AxisExpr::Kind::axis && axis.name == name ? 1 : 0;
  if (axis.kind == AxisExpr::Kind::divided && axis.name == name) return false;
  for (const AxisExpr& part : axis.parts) {
    std::size_t inner = 0;
    if (!linear(part, name, inner)) return false;
    degree = axis.kind == AxisExpr::Kind::product ? degree + inner : std::max(degree, inner);
  }
  return degree <= 1;
}

/// Several `_` without a size could share what is left of a dimension in several ways.
bool prove_rests(const Plan& plan, const Rule& rule, Direction direction, Diagnostics& diagnostics) {
  for (const Term& term : rule.sources(direction)) {
    if (!term.shape) continue;
    for (const AxisExpr& dim : term.shape->dims) {
      std::vector<std::string> open;
      open_axes(dim, {}, open);
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
  // Asked for the names of the rule only: a plan may have many more params than a rule has axes.
  std::set<std::string> known{std::string(ellipsis_axis)};
  for (const auto* side : {&rule.left, &rule.right}) {
    for (const AxisUse& use : axis_uses(*side)) {
      const bool literal = use.axis->kind == AxisExpr::Kind::axis && use.axis->size;
      if (literal || plan.find_index(use.name) || plan.find_param(use.name)) known.insert(use.name);
    }
  }
  // A source dimension with one open axis, in which it is linear, gives that axis. Repeat while anything is learnt.
  for (bool learnt = true; learnt;) {
    learnt = false;
    for (const Term& term : rule.sources(direction)) {
      if (!term.shape) continue;
      for (const AxisExpr& dim : term.shape->dims) {
        std::vector<std::string> open;
        open_axes(dim, known, open);
        const bool one = !open.empty() && std::all_of(open.begin(), open.end(), [&](auto& a) { return a == open[0]; });
        std::size_t degree = 0;
        if (one && open[0] != "_" && linear(dim, open[0], degree)) learnt = known.insert(open[0]).second || learnt;
      }
    }
  }
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
