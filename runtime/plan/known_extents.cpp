#include "runtime/plan/known_extents.h"

#include <algorithm>

#include "runtime/plan/axis_uses.h"
#include "runtime/plan/boxes.h"

namespace omap {
namespace {

void collect_open(const AxisExpr& axis, const std::set<std::string>& known, std::vector<std::string>& open) {
  switch (axis.kind) {
    case AxisExpr::Kind::axis:
    case AxisExpr::Kind::divided:
      if (!known.contains(axis.name)) open.push_back(axis.name);
      break;
    case AxisExpr::Kind::dropped:
      if (!axis.size && axis.name.empty()) open.emplace_back("_");
      break;
    default:
      break;
  }
  for (const AxisExpr& part : axis.parts) collect_open(part, known, open);
}

/// Axes that are said to have no entries.
std::set<std::string> empty_axes(const Rule& rule) {
  std::set<std::string> empty;
  for (const auto* side : {&rule.left, &rule.right}) {
    for (const AxisUse& use : axis_uses(*side)) {
      if (use.axis->kind == AxisExpr::Kind::axis && use.axis->size == 0) empty.insert(use.name);
    }
  }
  return empty;
}

/// How the extent of a dimension depends on one axis.
struct Dependence {
  /// The greatest power of it in a product.
  std::size_t degree = 0;
  /// The axis changes it: it is not only multiplied by axes without entries.
  bool changes = false;
  /// `r/128` is rounded up.
  bool rounded = false;
};

Dependence dependence(const AxisExpr& axis, const std::string& name, const std::set<std::string>& empty) {
  const bool here = axis.name == name && axis.kind != AxisExpr::Kind::dropped;
  if (axis.kind == AxisExpr::Kind::axis) return {here ? 1U : 0U, here, false};
  Dependence whole{0, false, axis.kind == AxisExpr::Kind::divided && here};
  const bool product = axis.kind == AxisExpr::Kind::product;
  bool none = false;
  for (const AxisExpr& part : axis.parts) {
    const Dependence inner = dependence(part, name, empty);
    whole.degree = product ? whole.degree + inner.degree : std::max(whole.degree, inner.degree);
    whole.changes = whole.changes || inner.changes;
    whole.rounded = whole.rounded || inner.rounded;
    none = none || (product && part.kind == AxisExpr::Kind::axis && empty.contains(part.name));
  }
  whole.changes = whole.changes && !none;
  return whole;
}

/// Whether the extent of a dimension tells that of the axis, all others being known.
bool tells(const AxisExpr& dim, const std::string& name, const std::set<std::string>& empty) {
  const Dependence on = dependence(dim, name, empty);
  return on.degree == 1 && on.changes && !on.rounded;
}

}  // namespace

std::vector<std::string> open_axes(const AxisExpr& dim, const std::set<std::string>& known) {
  std::vector<std::string> open;
  collect_open(dim, known, open);
  return open;
}

std::set<std::string> declared_extents(const Plan& plan, const Rule& rule) {
  std::set<std::string> known{std::string(ellipsis_axis)};
  for (const auto* side : {&rule.left, &rule.right}) {
    for (const AxisUse& use : axis_uses(*side)) {
      const bool literal = use.axis->kind == AxisExpr::Kind::axis && use.axis->size;
      if (literal || plan.find_index(use.name)) known.insert(use.name);
    }
  }
  return known;
}

void learn_extents(const Rule& rule, Direction direction, std::set<std::string>& known) {
  const std::set<std::string> empty = empty_axes(rule);
  for (bool learnt = true; learnt;) {
    learnt = false;
    for (const Term& term : rule.sources(direction)) {
      if (!term.shape) continue;
      for (const AxisExpr& dim : term.shape->dims) {
        const std::vector<std::string> open = open_axes(dim, known);
        const bool one = !open.empty() && std::all_of(open.begin(), open.end(), [&](auto& a) { return a == open[0]; });
        if (one && open[0] != "_" && tells(dim, open[0], empty)) learnt = known.insert(open[0]).second || learnt;
      }
    }
  }
}

}  // namespace omap
