#include "runtime/bind/bounds.h"

#include <algorithm>

#include "diagnostics/nearest.h"

namespace omap {
namespace {

Diagnostic unknown(const Plan& plan, const std::string& name) {
  std::vector<std::string> names;
  for (const Param& param : plan.params) names.push_back(param.name);
  for (const Index& index : plan.indexes) names.push_back(index.name);
  Diagnostic diagnostic(Code::unknown_setting, "`{}` has no param and no index `{}`", plan.name, name);
  if (const auto near = nearest(name, names)) diagnostic.helps.push_back(fmt::format("did you mean `{}`?", *near));
  diagnostic.helps.push_back(names.empty() ? "this mapping has neither"
                                           : fmt::format("it has `{}`", fmt::join(names, "`, `")));
  return diagnostic;
}

Expr literal(Value value) {
  Expr expr;
  expr.value = std::move(value);
  return expr;
}

/// The list of an index: `0..n`, or as it was given.
std::optional<Expr> index_list(const Value& bound) {
  if (bound.integer() && *bound.integer() >= 0) {
    Expr range;
    range.op = Expr::Op::range;
    range.args = {literal(std::int64_t{0}), literal(bound)};
    return range;
  }
  return bound.list() ? std::optional(literal(bound)) : std::nullopt;
}

Diagnostic wrong_type(SourceRange range, const std::string& name, const Value& value, std::string_view wanted) {
  return Diagnostic(Code::value_type, range, "the bound of `{}` is {}, not {}", name, value.type_name(), wanted)
      .label("declared here");
}

bool fits(const Value& value, const Param& param) {
  if (param.index.empty()) return has_type(value, param.type, param.list);
  return value.list() &&
         std::ranges::all_of(*value.list(), [&](const Value& item) { return has_type(item, param.type, param.list); });
}

}  // namespace

Result<BoundedPlan> apply_bounds(const Plan& plan, const Bounds& bounds) {
  BoundedPlan bounded{plan, {}};
  Diagnostics problems;
  for (const auto& [name, value] : bounds) {
    const auto index = std::ranges::find(bounded.plan.indexes, name, &Index::name);
    if (const Param* param = plan.find_param(name)) {
      if (fits(value, *param)) {
        bounded.settings.emplace(name, value);
      } else {
        problems.push_back(wrong_type(param->range, name, value,
                                      fmt::format("{}{}", param->list ? "a list of " : "", to_text(param->type))));
      }
    } else if (index != bounded.plan.indexes.end()) {
      if (auto list = index_list(value)) {
        index->list = std::move(*list);
        index->when.reset();
      } else {
        problems.push_back(wrong_type(index->range, name, value, "a count or a list"));
      }
    } else {
      problems.push_back(unknown(plan, name));
    }
  }
  if (!problems.empty()) return fail(std::move(problems));
  return bounded;
}

}  // namespace omap
