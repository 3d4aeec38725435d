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
      if (!axis.size) open.emplace_back("_");
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

/// Whether the extent of a dimension is linear in `name`, and tells it: no product holds it twice, or beside a 0.
bool linear(const AxisExpr& axis, const std::string& name, const std::set<std::string>& empty, std::size_t& degree) {
  degree = axis.kind == AxisExpr::Kind::axis && axis.name == name ? 1 : 0;
  if (axis.kind == AxisExpr::Kind::divided && axis.name == name) return false;
  const bool product = axis.kind == AxisExpr::Kind::product;
  bool zero = false;
  for (const AxisExpr& part : axis.parts) {
    std::size_t inner = 0;
    if (!linear(part, name, empty, inner)) return false;
    zero = zero || (product && part.kind == AxisExpr::Kind::axis && empty.contains(part.name));
    degree = product ? degree + inner : std::max(degree, inner);
  }
  return degree <= 1 && !(zero && degree == 1);
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
        std::size_t degree = 0;
        if (one && open[0] != "_" && linear(dim, open[0], empty, degree))
          learnt = known.insert(open[0]).second || learnt;
      }
    }
  }
}

}  // namespace omap
