#include "runtime/bind/bound_rule.h"

namespace omap {

BoundRule bound_rule(const Plan& plan, std::uint32_t number, Direction direction, RuleValues values) {
  const Rule& rule = plan.rules[number];
  BoundRule bound;
  bound.rule = &rule;
  bound.number = number;
  bound.direction = direction;
  bound.loops = loop_indexes(plan, rule);
  bound.shaped = has_shapes(rule);
  bound.fills = !rule.sources(direction).front().is_tensor();
  bound.values = std::move(values);
  if (!bound.shaped || bound.fills) return bound;
  bound.pairing =
      pair_boxes(side_boxes(plan, rule.sources(direction), bound.loops),
                 side_boxes(plan, rule.destinations(direction), bound.loops), rule.to_left != rule.to_right);
  return bound;
}

}  // namespace omap
