#include "runtime/bind/known_extents.h"

#include <fmt/format.h>

#include "runtime/plan/axis_uses.h"

namespace omap {
namespace {

bool add_known(const Plan& plan, const Rule& rule, const std::string& axis, Environment& environment,
               BindReport& report, Extents& extents) {
  if (plan.find_index(axis)) {
    const auto& values = environment.index_values(axis);
    if (!values) {
      report.no_value(rule.range, values.error(), "needed by this rule");
      return false;
    }
    extents.set(axis, static_cast<std::int64_t>(values->size()));
  } else if (plan.find_param(axis)) {
    const Evaluated value = environment.param(axis);
    if (!value && value.error().kind != NoValue::Kind::failed) return true;
    const std::int64_t* extent = value ? value->integer() : nullptr;
    if (!extent || *extent < 0) {
      const NoValue negative{NoValue::Kind::failed, fmt::format("`{}` is an axis, and is no size", axis),
                             Code::value_type, axis};
      report.no_value(rule.range, value ? negative : value.error(), "needed by this rule");
      return false;
    }
    extents.set(axis, *extent);
  }
  return true;
}

/// How many entries a `_` has is told by nothing but its param.
bool add_gap(const Rule& rule, const std::string& param, Environment& environment, BindReport& report,
             Extents& extents) {
  const Evaluated value = environment.param(param);
  const std::int64_t* entries = value ? value->integer() : nullptr;
  if (!entries || *entries < 0) {
    const NoValue negative{NoValue::Kind::failed, fmt::format("`_={}` has no number of entries", param),
                           Code::value_type, param};
    report.no_value(rule.range, value ? negative : value.error(), "needed by this rule");
    return false;
  }
  extents.set(param, *entries);
  return true;
}

}  // namespace

std::optional<Extents> known_extents(const Plan& plan, const Rule& rule, Environment& environment, BindReport& report) {
  Extents extents;
  for (const auto* side : {&rule.left, &rule.right}) {
    for (const Term& term : *side) {
      std::vector<AxisUse> uses = axis_uses(term);
      for (const Operand* operand : operands_of(term)) {
        for (AxisUse& use : axis_uses(*operand)) uses.push_back(std::move(use));
      }
      for (const AxisUse& gap : gap_uses(term)) {
        if (!extents.find(gap.name) && !add_gap(rule, gap.name, environment, report, extents)) return std::nullopt;
      }
      for (const AxisUse& use : uses) {
        if (!extents.find(use.name) && !add_known(plan, rule, use.name, environment, report, extents))
          return std::nullopt;
      }
    }
  }
  return extents;
}

}  // namespace omap
