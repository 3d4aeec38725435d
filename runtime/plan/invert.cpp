#include "runtime/plan/invert.h"

#include <utility>

namespace omap {
namespace {

void invert(std::vector<Rule>& rules) {
  for (Rule& rule : rules) {
    std::swap(rule.left, rule.right);
    std::swap(rule.to_left, rule.to_right);
  }
}

void forget_ranges(std::vector<Term>& terms) {
  for (Term& term : terms) {
    term.range = {};
    for (ValueOp& op : term.ops) {
      if (auto* operand = std::get_if<Operand>(&op.operand)) operand->range = {};
    }
  }
}

template <class Element>
void forget_ranges(std::vector<Element>& elements) {
  for (Element& element : elements) element.range = {};
}

}  // namespace

Plan invert(Plan plan) {
  std::swap(plan.left, plan.right);
  invert(plan.rules);
  invert(plan.modules);
  for (ConfigLine& line : plan.config) {
    if (line.kind != ConfigLine::Kind::equation) continue;
    std::swap(line.left, *line.right);
    std::swap(line.to_left, line.to_right);
  }
  return plan;
}

Plan without_ranges(Plan plan) {
  forget_ranges(plan.params);
  forget_ranges(plan.indexes);
  forget_ranges(plan.requirements);
  forget_ranges(plan.notes);
  forget_ranges(plan.ties);
  forget_ranges(plan.ignores);
  forget_ranges(plan.sames);
  forget_ranges(plan.config);
  for (auto* rules : {&plan.rules, &plan.modules}) {
    forget_ranges(*rules);
    for (Rule& rule : *rules) {
      forget_ranges(rule.left);
      forget_ranges(rule.right);
    }
  }
  plan.sources = {};
  return plan;
}

}  // namespace omap
