#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/plan/plan.h"

namespace omap {

/// The names that lowered templates need, declared in their plan: an index for each placeholder, called like it; a
/// param `n_layer` that is its bound; params for what bounds leave when they are divided; axes.
class TemplateNames {
 public:
  /// Declares what `placeholders` (without brackets) need. The bounds have no values yet. Refers to the plan.
  TemplateNames(Plan& plan, const std::vector<std::string>& placeholders);

  /// The param that is a placeholder's bound.
  [[nodiscard]] const std::string& bound(std::string_view placeholder) const;
  /// Another index over the values of a placeholder, where one rule needs two.
  [[nodiscard]] std::string second_index(std::string_view placeholder);

  /// Begins a rule: axes may have the names that those of other rules have.
  void begin_rule();
  /// An axis that no other is called like in this rule: `a`, `b`, ... `z`, `a1`, ...
  [[nodiscard]] std::string fresh_axis();
  /// An axis of this rule with an extent that is computed: a param with this value, declared if there is none yet.
  [[nodiscard]] std::string axis_of(const Expr& extent);

 private:
  std::string unused(std::string name);

  Plan& plan_;
  std::set<std::string> names_;
  /// By placeholder.
  std::vector<std::pair<std::string, std::string>> bounds_, second_;
  /// Params that are values of expressions.
  std::vector<std::pair<Expr, std::string>> computed_;
  std::set<std::string> in_rule_;
  std::size_t axes_ = 0;
};

/// The param that says how many values an index has, where it runs over `0..n` for a param `n`: to set the bound of the
/// placeholder `[layer]`, set `bound_param(plan, "layer")`. Empty if there is no such index or no such param.
[[nodiscard]] std::string_view bound_param(const Plan& plan, std::string_view index);

}  // namespace omap
