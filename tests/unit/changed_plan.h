#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/plan/verify.h"
#include "tests/unit/example_plan.h"

/// The example plan, changed in one place, and what `verify` finds of that.
namespace omap::example {

using Change = std::function<void(Plan&)>;

/// The only thing that verify finds once `change` was done to the example.
inline void check_found(const Change& change, Code code, std::string_view message) {
  Plan plan = example_plan();
  change(plan);
  const Diagnostics found = verify_structure(plan);
  CAPTURE(message);
  REQUIRE(found.size() == 1);
  CHECK(found[0].code == code);
  CHECK(found[0].message == message);
  CHECK(verify(plan) == found);
}
inline void check_malformed(const Change& change, std::string_view message) {
  check_found(change, Code::plan_malformed, message);
}
inline void check_limit(const Change& change, std::string_view message) {
  check_found(change, Code::plan_limit, message);
}

/// Changes the value of the param `tied`.
inline Change value(const Expr& expr) {
  return [expr](Plan& plan) { plan.params[1].value = expr; };
}
/// Changes the shape on the left of rule 2.
inline Change shape(const std::vector<AxisExpr>& dims) {
  return [dims](Plan& plan) { plan.rules[2].left[0].shape = Shape{dims}; };
}
inline Change left_key(const KeyTemplate& key) {
  return [key](Plan& plan) { plan.rules[2].left[0].key = key; };
}

inline Expr nested(std::size_t depth) {
  Expr expr = number(1);
  for (std::size_t i = 1; i < depth; ++i) expr = operation(Op::negate, {std::move(expr)});
  return expr;
}
inline AxisExpr nested_axis(std::size_t depth) {
  AxisExpr nested = axis("z");
  for (std::size_t i = 1; i < depth; ++i) nested = product({nested, axis("y" + std::to_string(i))});
  return nested;
}

}  // namespace omap::example
