#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "runtime/plan/axis_uses.h"
#include "runtime/plan/known_extents.h"
#include "runtime/plan/prove_rules.h"
#include "runtime/tokenizer/tokenizer_names.h"

namespace omap {
namespace {

/// Which params and indexes a direction needs, and whether they can have a value in it without `--set`. A param
/// without an expression is given by the user, who knows; so is one whose alternatives end in a literal, which says
/// that somebody thought of the other direction.
class Availability {
 public:
  Availability(const Plan& plan, Direction direction)
      : plan_(plan), direction_(direction), source_(plan.source_side(direction).name) {
    for (const Param& param : plan.params) params_.emplace(param.name, &param);
    for (const Index& index : plan.indexes) indexes_.emplace(index.name, &index);
  }

  /// Params with no value of their own, each once, with the rule that needs it first.
  std::map<const Param*, SourceRange> missing;

  void need(const Rule& rule) {
    range_ = rule.range;
    if (rule.when) need(*rule.when);
    for (const auto* side : {&rule.left, &rule.right}) {
      for (const Term& term : *side) need(term);
    }
    need_extents(rule);
    while (!pending_.empty()) {
      const auto [param, index] = pending_.back();
      pending_.pop_back();
      if (param) need_parts(*param);
      if (index) need_parts(*index);
    }
  }

 private:
  void need(const Term& term) {
    need(term.key);
    for (const ValueOp& op : term.ops) {
      if (const std::string* param = std::get_if<std::string>(&op.operand)) need_param(*param);
    }
    for (const Operand* operand : operands_of(term)) need(operand->key);
  }
  /// A param that is an axis may do without a value where the sources tell its extent, with the help of those that
  /// have one.
  void need_extents(const Rule& rule) {
    if (!has_shapes(rule)) return;
    for (const auto* side : {&rule.left, &rule.right}) {
      for (const Term& term : *side) {
        for (const AxisUse& gap : gap_uses(term)) need_param(gap.name);
      }
    }
    std::set<std::string> told = declared_extents(plan_, rule);
    learn_extents(rule, direction_, told);
    for (const bool readable : {true, false}) {
      for (const auto* side : {&rule.left, &rule.right}) {
        for (const AxisUse& use : axis_uses(*side)) {
          const auto param = params_.find(use.name);
          if (told.contains(use.name) || param == params_.end() || is_readable(*param->second) != readable) continue;
          need_param(use.name);
          told.insert(use.name);
          learn_extents(rule, direction_, told);
        }
      }
    }
  }
  void need(const KeyTemplate& key) {
    for (const KeyPart& part : key.parts) {
      if (part.kind == KeyPart::Kind::placeholder) need(part.expr);
    }
  }
  /// A value that something else can stand in for is not needed.
  void need(const Expr& expr) {
    switch (expr.op) {
      case Expr::Op::coalesce:
        return;
      case Expr::Op::param:
        return need_param(expr.name);
      case Expr::Op::index:
      case Expr::Op::index_list:
        return need_index(expr.name);
      case Expr::Op::conditional:
      case Expr::Op::logical_and:
      case Expr::Op::logical_or:
        return need(expr.args[0]);
      default:
        for (const Expr& arg : expr.args) need(arg);
        need(expr.key);
    }
  }
  void need_index(const std::string& name) {
    if (!seen_.insert(name).second) return;
    pending_.emplace_back(nullptr, indexes_.at(name));
  }
  void need_param(const std::string& name) {
    if (!seen_.insert(name).second) return;
    pending_.emplace_back(params_.at(name), nullptr);
  }
  void need_parts(const Index& index) {
    need(index.list);
    if (index.when) need(*index.when);
  }
  void need_parts(const Param& param) {
    if (!param.index.empty()) need_index(param.index);
    if (!is_readable(param)) {
      missing.emplace(&param, range_);
    } else if (param.value) {
      need(*param.value);
    }
  }

  [[nodiscard]] bool is_readable(const Param& param) const {
    return !param.value || !reads_other_side_only(*param.value);
  }
  /// Whether an expression cannot have a value because it reads the destination. Params are asked about themselves.
  [[nodiscard]] bool reads_other_side_only(const Expr& expr) const {
    switch (expr.op) {
      case Expr::Op::config_file:
        // A tokenizer's files are those of both sides.
        return expr.name != source_ && !is_tokenizer_file(*expr.value.string());
      case Expr::Op::config:
      case Expr::Op::present_key:
      case Expr::Op::extent:
      case Expr::Op::count:
      case Expr::Op::dtype:
        return expr.name != source_;
      case Expr::Op::coalesce:
        return std::ranges::all_of(expr.args, [&](const Expr& arg) { return reads_other_side_only(arg); });
      case Expr::Op::conditional:
        return reads_other_side_only(expr.args[0]) ||
               (reads_other_side_only(expr.args[1]) && reads_other_side_only(expr.args[2]));
      case Expr::Op::logical_and:
      case Expr::Op::logical_or:
        return reads_other_side_only(expr.args[0]);
      default:
        return std::ranges::any_of(expr.args, [&](const Expr& arg) { return reads_other_side_only(arg); });
    }
  }

  const Plan& plan_;
  Direction direction_;
  std::string_view source_;
  std::map<std::string_view, const Param*> params_;
  std::map<std::string_view, const Index*> indexes_;
  std::set<std::string, std::less<>> seen_;
  /// One of each pair is there. A chain of definitions may be as long as a plan: no recursion goes along it.
  std::vector<std::pair<const Param*, const Index*>> pending_;
  SourceRange range_;
};

}  // namespace

void prove_params(const Plan& plan, Diagnostics& diagnostics) {
  for (const Direction direction : {Direction::right, Direction::left}) {
    Availability available(plan, direction);
    for (const Rule& rule : plan.rules) {
      if (rule.runs(direction)) available.need(rule);
    }
    for (const Param& param : plan.params) {
      const auto found = available.missing.find(&param);
      if (found == available.missing.end()) continue;
      const std::string& to = plan.destination_side(direction).name;
      const std::string& from = plan.source_side(direction).name;
      diagnostics.push_back(
          Diagnostic(Code::param_unavailable, param.range, "`{}` has no value towards `{}`", param.name, to)
              .label("reads `{}` only, which is not there yet", to)
              .also(found->second, "needed by this rule")
              .help("add what `{}` tells: `?? count({}:...)`, `?? {}.NAME`; else each run needs `--set {}=...`", from,
                    from, from, param.name));
    }
  }
}

}  // namespace omap
