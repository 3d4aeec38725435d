#include "runtime/plan/verify.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/dtype/dtype.h"
#include "runtime/plan/axis_uses.h"
#include "runtime/plan/find_cycles.h"
#include "runtime/plan/plan_limits.h"
#include "runtime/plan/prove_rules.h"
#include "runtime/plan/verification.h"
#include "runtime/plan/verify_expr.h"
#include "runtime/plan/verify_shape.h"

namespace omap {
namespace {

using Declared = Verification::Declared;

class StructureCheck {
 public:
  explicit StructureCheck(const Plan& plan) : plan_(plan) {}

  Diagnostics run() {
    if (!counts_fit()) return std::move(check_.found);
    texts();
    declarations();
    // Without sound names the rest would be found wrong for the same reason again.
    if (!check_.found.empty()) return std::move(check_.found);
    each("params", plan_.params, &StructureCheck::param);
    each("indexes", plan_.indexes, &StructureCheck::index);
    each("requirements", plan_.requirements, &StructureCheck::requirement);
    each("notes", plan_.notes, &StructureCheck::note);
    each("rules", plan_.rules, &StructureCheck::rule);
    each("ties", plan_.ties, &StructureCheck::tie);
    each("ignores", plan_.ignores, &StructureCheck::ignore);
    each("sames", plan_.sames, &StructureCheck::same);
    each("config", plan_.config, &StructureCheck::config_line);
    each("modules", plan_.modules, &StructureCheck::module);
    return std::move(check_.found);
  }

 private:
  template <class Element>
  void each(std::string_view name, const std::vector<Element>& elements,
            void (StructureCheck::*verify_one)(const Element&, const Place&)) {
    const Place list = root_.member(name);
    for (std::size_t i = 0; i < elements.size() && !check_.full(); ++i) {
      const Place place = list.item(i);
      range(elements[i].range, place);
      (this->*verify_one)(elements[i], place);
    }
  }

  bool counts_fit() {
    const auto fits = [&](std::string_view name, std::size_t count, std::size_t limit) {
      if (count > limit) check_.exceeds({}, root_.member(name), "a plan has", limit);
    };
    fits("params", plan_.params.size(), PlanLimits::params);
    fits("indexes", plan_.indexes.size(), PlanLimits::indexes);
    fits("requirements", plan_.requirements.size(), PlanLimits::rules);
    fits("notes", plan_.notes.size(), PlanLimits::rules);
    fits("rules", plan_.rules.size(), PlanLimits::rules);
    fits("ties", plan_.ties.size(), PlanLimits::rules);
    fits("ignores", plan_.ignores.size(), PlanLimits::rules);
    fits("sames", plan_.sames.size(), PlanLimits::rules);
    fits("config", plan_.config.size(), PlanLimits::rules);
    fits("modules", plan_.modules.size(), PlanLimits::rules);
    fits("sources", plan_.sources.files.size(), PlanLimits::sources);
    return check_.found.empty();
  }

  void texts() {
    check_.check_name(plan_.name, {}, root_.member("name"));
    check_.check_text(plan_.doc, {}, root_.member("doc"));
    const Place sources = root_.member("sources");
    for (std::size_t i = 0; i < plan_.sources.files.size(); ++i) {
      const SourceFile& file = plan_.sources.files[i];
      check_.check_text(file.name(), {}, sources.item(i));
      if (!file.is_utf8()) check_.malformed({}, sources.item(i), "a text is not valid UTF-8");
    }
    for (const auto& [name, side] : {std::pair("left", &plan_.left), std::pair("right", &plan_.right)}) {
      check_.check_text(side->root, {}, root_.member(name));
      if (!side->format.empty()) check_.check_name(side->format, {}, root_.member(name));
    }
  }

  void declarations() {
    check_.declare(plan_.left.name, Declared::side, {}, root_.member("left"));
    check_.declare(plan_.right.name, Declared::side, {}, root_.member("right"));
    const Place params = root_.member("params");
    for (std::size_t i = 0; i < plan_.params.size(); ++i) {
      check_.declare(plan_.params[i].name, Declared::param, plan_.params[i].range, params.item(i));
    }
    const Place indexes = root_.member("indexes");
    for (std::size_t i = 0; i < plan_.indexes.size(); ++i) {
      check_.declare(plan_.indexes[i].name, Declared::index, plan_.indexes[i].range, indexes.item(i));
    }
  }

  void range(SourceRange range, const Place& place) {
    if (range.known() && !plan_.sources.covers(range)) {
      check_.malformed({}, place.member("at"), "no source has the bytes {} to {} of file {}", range.begin, range.end,
                       range.file);
    }
  }

  void side(const std::string& name, SourceRange range, const Place& place) {
    if (check_.declared(name) == Declared::side) return;
    check_.check_text(name, range, place);
    check_.malformed(range, place, "no side is called `{}`", name);
  }

  void param(const Param& param, const Place& place) {
    if (to_text(param.type).empty()) check_.malformed(param.range, place.member("type"), "there is no such type");
    ExprSite site{param.range, {}};
    if (!param.index.empty()) {
      if (check_.declared(param.index) == Declared::index) {
        site.scope.names.push_back(param.index);
      } else {
        check_.check_text(param.index, param.range, place);
        check_.malformed(param.range, place.member("index"), "no index is called `{}`", param.index);
      }
    }
    if (param.value) verify_expr(check_, *param.value, site, place.member("value"));
  }

  void index(const Index& index, const Place& place) {
    verify_expr(check_, index.list, {index.range, {}}, place.member("in"));
    if (index.when) verify_expr(check_, *index.when, {index.range, {false, {index.name}}}, place.member("when"));
  }

  void requirement(const Requirement& requirement, const Place& place) {
    verify_expr(check_, requirement.condition, {requirement.range, {}}, place.member("condition"));
    check_.check_text(requirement.message, requirement.range, place);
  }

  void note(const Note& note, const Place& place) {
    side(note.side, note.range, place.member("side"));
    check_.check_text(note.text, note.range, place);
    if (note.when) verify_expr(check_, *note.when, {note.range, {}}, place.member("when"));
  }

  void rule(const Rule& rule, const Place& place) {
    if (!rule.to_right && !rule.to_left) check_.malformed(rule.range, place, "a rule has no direction");
    if (rule.left.size() + rule.right.size() > PlanLimits::terms) {
      check_.exceeds(rule.range, place, "a rule has", PlanLimits::terms, "tensors");
      return;
    }
    const std::size_t faults = check_.found.size();
    terms(rule.left, rule.range, place.member("left"));
    terms(rule.right, rule.range, place.member("right"));
    // Which indexes are its loops is known only of sound keys.
    if (rule.when && check_.found.size() == faults) {
      verify_expr(check_, *rule.when, {rule.range, {false, loop_indexes(plan_, rule)}}, place.member("when"));
    }
  }

  void terms(const std::vector<Term>& terms, SourceRange rule, const Place& place) {
    if (terms.empty()) check_.malformed(rule, place, "a rule has a tensor on each side");
    for (std::size_t i = 0; i < terms.size(); ++i) {
      const Place at = place.item(i);
      range(terms[i].range, at);
      term(terms[i], at);
    }
  }

  void term(const Term& term, const Place& place) {
    if (term.is_tensor()) {
      key(term.key, KeyUse::tensor, term.range, place.member("key"));
    } else if (!term.key.parts.empty() || term.shape || !term.ops.empty() || !std::isfinite(*term.fill)) {
      check_.malformed(term.range, place, "`fill` is a finite number, without a key, a shape or arithmetic");
    }
    if (term.shape) verify_shape(check_, *term.shape, term.range, place.member("shape"));
    for (const AxisUse& gap : gap_uses(term)) {
      const Param* param = plan_.find_param(gap.name);
      if (!param || param->type != ParamType::integer || param->list || !param->index.empty()) {
        check_.malformed(gap.range, place.member("shape"), "no param that is one int is called `{}`", gap.name);
      }
    }
    if (term.ops.size() > PlanLimits::value_ops) {
      check_.exceeds(term.range, place.member("ops"), "the arithmetic of a tensor has", PlanLimits::value_ops, "steps");
      return;
    }
    const Place ops = place.member("ops");
    for (std::size_t i = 0; i < term.ops.size(); ++i) value_op(term.ops[i], term.range, ops.item(i));
    if (term.as) stored_as(*term.as, term.range, place.member("as"));
  }

  void value_op(const ValueOp& op, SourceRange at, const Place& place) {
    if (const double* number = std::get_if<double>(&op.operand)) {
      if (!std::isfinite(*number)) check_.malformed(at, place, "a number is not finite");
    } else if (const std::string* name = std::get_if<std::string>(&op.operand)) {
      const Param* param = plan_.find_param(*name);
      check_.check_text(*name, at, place);
      const bool is_number = param && (param->type == ParamType::real || param->type == ParamType::integer);
      if (!is_number || param->list || !param->index.empty()) {
        check_.malformed(at, place, "no param that is one number is called `{}`", *name);
      }
    } else {
      const Operand& operand = std::get<Operand>(op.operand);
      range(operand.range, place);
      key(operand.key, KeyUse::tensor, operand.range, place.member("key"));
      verify_shape(check_, operand.shape, operand.range, place.member("shape"));
    }
  }

  void stored_as(const Expr& as, SourceRange at, const Place& place) {
    verify_expr(check_, as, {at, {}}, place);
    const Param* param = as.op == Expr::Op::param ? plan_.find_param(as.name) : nullptr;
    const std::string* name = as.op == Expr::Op::literal ? as.value.string() : nullptr;
    if (name ? !dtype_from_text(*name) : !param || param->type != ParamType::dtype || param->list) {
      check_.malformed(at, place, "a dtype, or a param that is one, is wanted");
    }
  }

  /// A key that is matched or written: every index in it has its values there.
  void key(const KeyTemplate& key, KeyUse use, SourceRange range, const Place& place) {
    verify_key(check_, key, use, {range, {true, {}}}, place);
  }

  void tie(const Tie& tie, const Place& place) {
    side(tie.side, tie.range, place.member("side"));
    key(tie.dropped, KeyUse::tensor, tie.range, place.member("dropped"));
    key(tie.kept, KeyUse::tensor, tie.range, place.member("kept"));
    if (tie.when && check_.found.empty()) {
      verify_expr(check_, *tie.when, {tie.range, {false, indexes_of(plan_, tie.dropped)}}, place.member("when"));
    }
  }

  void same(const Same& same, const Place& place) {
    key(same.pattern, KeyUse::pattern, same.range, place.member("pattern"));
    if (same.when) verify_expr(check_, *same.when, {same.range, {}}, place.member("when"));
  }

  /// Rules about modules rename, and nothing else.
  void module(const Rule& rule, const Place& place) {
    this->rule(rule, place);
    const auto plain = [](const Term& term) { return term.is_tensor() && !term.shape && term.ops.empty() && !term.as; };
    if (!std::ranges::all_of(rule.left, plain) || !std::ranges::all_of(rule.right, plain)) {
      check_.malformed(rule.range, place, "a rule about modules has keys only");
    }
  }

  void config_line(const ConfigLine& line, const Place& place) {
    const bool equation = line.kind == ConfigLine::Kind::equation;
    if ((line.kind == ConfigLine::Kind::ignore) == line.right.has_value()) {
      check_.malformed(line.range, place, "an equation or assignment has two sides, and `ignore` one");
      return;
    }
    const bool whole = line.left.op == Expr::Op::config || line.left.op == Expr::Op::config_file;
    if (whole && equation) {
      check_.malformed(line.range, place.member("left"), "an equation writes a field of a config");
    }
    if (line.kind == ConfigLine::Kind::ignore && begins_with_config_param(line.left)) {
      config_steps(line.left, line.range, place.member("left"));
    } else {
      config_path(line.left, line.range, equation ? plan_.left.name : "", place.member("left"));
    }
    const std::size_t faults = check_.found.size();
    if (equation) config_path(*line.right, line.range, plan_.right.name, place.member("right"));
    if (check_.found.size() > faults) return;
    const ExprSite site{line.range, {false, config_indexes(plan_, line)}};
    if (!equation && line.right) verify_expr(check_, *line.right, site, place.member("right"));
    if (line.when) verify_expr(check_, *line.when, site, place.member("when"));
  }

  [[nodiscard]] bool begins_with_config_param(const Expr& path) const {
    const Expr* head = &path;
    while ((head->op == Expr::Op::member || head->op == Expr::Op::item) && !head->args.empty()) head = &head->args[0];
    const Param* param = head->op == Expr::Op::param ? plan_.find_param(head->name) : nullptr;
    return param && param->type == ParamType::config && !param->list;
  }

  /// Of `side`, or of either if it is empty.
  void config_path(const Expr& path, SourceRange at, std::string_view side, const Place& place) {
    config_steps(path, at, place);
    const auto root = config_root(path);
    if (!root || (!side.empty() && root->side != side)) {
      check_.malformed(at, place, "a path in a config of {} is wanted", side.empty() ? "a side" : side);
    }
  }

  void config_steps(const Expr& path, SourceRange at, const Place& place) {
    verify_expr(check_, path, {at, {true, {}}}, place);
    for (const Expr* step = &path; !step->args.empty(); step = &step->args[0]) {
      if (step->op != Expr::Op::item) continue;
      for_each_expr(step->args[1], [&](const Expr& expr) {
        const bool known = expr.op == Expr::Op::index || expr.op == Expr::Op::literal || expr.op == Expr::Op::add ||
                           expr.op == Expr::Op::subtract;
        if (!known) check_.malformed(at, place, "an item of a path is a literal or an index");
      });
    }
  }

  void ignore(const Ignore& ignore, const Place& place) {
    side(ignore.side, ignore.range, place.member("side"));
    key(ignore.pattern, KeyUse::pattern, ignore.range, place.member("pattern"));
    if (ignore.when) verify_expr(check_, *ignore.when, {ignore.range, {}}, place.member("when"));
  }

  const Plan& plan_;
  const Place root_;
  Verification check_;
};

}  // namespace

Diagnostics verify_structure(const Plan& plan) {
  Diagnostics found = StructureCheck(plan).run();
  return found.empty() ? find_cycles(plan) : found;
}

Diagnostics verify(const Plan& plan) {
  Diagnostics found = verify_structure(plan);
  if (!has_errors(found)) prove_rules(plan, found);
  return found;
}

}  // namespace omap
