#include "runtime/bind/explain_condition.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "runtime/json/json.h"

namespace omap {
namespace {

using Op = Expr::Op;

class Explanation {
 public:
  Explanation(const Plan& plan, Environment& environment) : plan_(plan), environment_(environment) {}

  /// That something is there is no reason beside what is in it.
  [[nodiscard]] std::vector<std::string> told() {
    const auto is_there = [](const std::string& reason) { return reason.ends_with("is there"); };
    if (!std::ranges::all_of(reasons_, is_there)) std::erase_if(reasons_, is_there);
    return std::move(reasons_);
  }

  /// Params nest: what stands deeper than anybody would read is taken as it stands.
  void explain(const Expr& expr, const Scope& scope, unsigned depth = 0) {
    if (depth == max_depth || reasons_.size() == max_reasons) return;
    switch (expr.op) {
      case Op::param:
      case Op::item:
        if (const auto followed = follow(expr, scope)) return explain(*followed->value, followed->scope, depth + 1);
        return say(expr, scope);
      case Op::logical_not:
        return explain(expr.args[0], scope, depth + 1);
      case Op::logical_and:
      case Op::logical_or:
        return explain_operands(expr, scope, depth);
      case Op::coalesce:
      case Op::conditional:
        if (const Expr* chosen = choice(expr, scope)) return explain(*chosen, scope, depth + 1);
        return;
      case Op::in:
      case Op::not_in:
        if (explain_items(expr, scope, depth)) return;
        return compare(expr, scope);
      case Op::equal:
      case Op::not_equal:
      case Op::less:
      case Op::less_equal:
      case Op::greater:
      case Op::greater_equal:
        if (explain_index(expr, depth)) return;
        return compare(expr, scope);
      default:
        return say(expr, scope);
    }
  }

 private:
  static constexpr unsigned max_depth = 32;
  static constexpr std::size_t max_reasons = 4;

  struct Followed {
    const Expr* value;
    Scope scope;
  };

  /// What a param, or one of those of an index, is defined as; nothing for one that was set.
  std::optional<Followed> follow(const Expr& expr, const Scope& scope) {
    const Expr& named = expr.op == Op::item ? expr.args[0] : expr;
    const Param* param = named.op == Op::param ? plan_.find_param(named.name) : nullptr;
    if (!param || !param->value || environment_.is_set(param->name)) return std::nullopt;
    if (expr.op == Op::param && param->index.empty()) return Followed{&*param->value, {}};
    if (expr.op != Op::item || param->index.empty()) return std::nullopt;
    const Evaluated at = environment_.evaluate(expr.args[1], scope);
    if (!at) return std::nullopt;
    return Followed{&*param->value, {{param->index, *at}}};
  }

  static bool is_choice(const Expr& expr) { return expr.op == Op::coalesce || expr.op == Op::conditional; }

  /// The alternative that has the value.
  const Expr* choice(const Expr& expr, const Scope& scope) {
    if (expr.op == Op::conditional) {
      const Evaluated condition = environment_.evaluate(expr.args[0], scope);
      return condition && condition->boolean() ? &expr.args[*condition->boolean() ? 1 : 2] : nullptr;
    }
    const auto has_value = [&](const Expr& arg) { return environment_.evaluate(arg, scope).has_value(); };
    const auto found = std::ranges::find_if(expr.args, has_value);
    return found == expr.args.end() ? nullptr : &*found;
  }

  /// Of `a and b` what is false, of `a or b` what is true; all of it, where all of it had to be.
  void explain_operands(const Expr& expr, const Scope& scope, unsigned depth) {
    const bool decides = expr.op == Op::logical_or;
    const Evaluated whole = environment_.evaluate(expr, scope);
    for (const Expr& arg : expr.args) {
      const Evaluated value = environment_.evaluate(arg, scope);
      if (!value || !whole || !value->boolean() || !whole->boolean()) continue;
      if (*whole->boolean() == decides && *value->boolean() != decides) continue;
      explain(arg, scope, depth + 1);
      if (*whole->boolean() == decides) return;
    }
  }

  /// `false in PARAM`, of a param with an index: the first item that is `false`.
  bool explain_items(const Expr& expr, const Scope& scope, unsigned depth) {
    const Param* param = expr.args[1].op == Op::param ? plan_.find_param(expr.args[1].name) : nullptr;
    if (!param || param->index.empty() || !param->value || environment_.is_set(param->name)) return false;
    const Evaluated wanted = environment_.evaluate(expr.args[0], scope);
    const Evaluated items = environment_.evaluate(expr.args[1], scope);
    const auto& at = environment_.index_values(param->index);
    if (!wanted || !items || !items->list() || !at) return false;
    const auto found = std::ranges::find(*items->list(), *wanted);
    if (found == items->list()->end()) return false;
    const auto place = static_cast<std::size_t>(found - items->list()->begin());
    explain(*param->value, {{param->index, (*at)[place]}}, depth + 1);
    return true;
  }

  /// `len(INDEX) == 0` that is false: why the first value of the index is one.
  bool explain_index(const Expr& expr, unsigned depth) {
    const Expr& length = expr.args[0];
    if (length.op != Op::len || length.args[0].op != Op::index_list) return false;
    const Index* index = plan_.find_index(length.args[0].name);
    const auto& values = environment_.index_values(length.args[0].name);
    if (!index || !index->when || !values || values->empty()) return false;
    explain(*index->when, {{index->name, values->front()}}, depth + 1);
    return true;
  }

  /// The first member that two objects do not have alike.
  bool compare_objects(const Expr& expr, const Scope& scope) {
    const Evaluated left = environment_.evaluate(expr.args[0], scope);
    const Evaluated right = environment_.evaluate(expr.args[1], scope);
    if (!left || !right || !left->object() || !right->object()) return false;
    std::string path;
    const Value *a = &*left, *b = &*right;
    while (a && b && a->object() && b->object()) {
      const Value::Object::value_type* differs = nullptr;
      for (const auto* object : {a->object(), b->object()}) {
        for (const auto& member : *object) {
          const Value *first = a->member(member.first), *second = b->member(member.first);
          if (!differs && (!first || !second || !(*first == *second))) differs = &member;
        }
      }
      if (!differs) return false;
      path += "." + differs->first;
      const Value *first = a->member(differs->first), *second = b->member(differs->first);
      a = first;
      b = second;
    }
    const auto said = [&](const Expr& of, const Value* value) {
      return fmt::format("`{}{}` is {}", path_text(of, scope), path, value ? dump_json(*value) : "not there");
    };
    add(fmt::format("{}, and {}", said(expr.args[0], a), said(expr.args[1], b)));
    return true;
  }

  void compare(const Expr& expr, const Scope& scope) {
    if (compare_objects(expr, scope)) return;
    std::vector<std::string> values;
    for (const Expr& arg : expr.args) {
      if (arg.op != Op::literal) values.push_back(spell(arg, scope));
    }
    const bool of_two = values.size() == 2 && expr.args[1].op != Op::list;
    add(of_two ? fmt::format("{}, and {}", values[0], values[1]) : values.empty() ? std::string() : values[0]);
  }

  void say(const Expr& expr, const Scope& scope) {
    if (expr.op == Op::present || expr.op == Op::present_key) {
      const Evaluated there = environment_.evaluate(expr, scope);
      const std::string what = expr.op == Op::present ? path_text(expr.args[0], scope) : key_text_of(expr, scope);
      return add(there && *there == Value(true) ? fmt::format("`{}` is there", what)
                                                : fmt::format("`{}` is not there", what));
    }
    if (expr.op != Op::literal) add(spell(expr, scope));
  }

  void add(std::string reason) {
    if (!reason.empty() && std::ranges::find(reasons_, reason) == reasons_.end()) reasons_.push_back(std::move(reason));
  }

  /// `` `hf.hidden_act` is "gelu" ``, whichever alternative has the value.
  std::string spell(const Expr& expr, const Scope& scope) {
    const Evaluated value = environment_.evaluate(expr, scope);
    if (!value) return {};
    constexpr std::size_t longest = 120;
    std::string text = dump_json(*value);
    if (text.size() > longest) text = fmt::format("a {}", value->type_name());
    if (expr.op == Op::coalesce) {
      const Expr* chosen = choice(expr, scope);
      if (chosen && chosen->op != Op::literal) return spell(*chosen, scope);
      return fmt::format("`{}` is left out, which stands for {}", path_text(expr.args[0], scope), text);
    }
    if (const auto followed = follow(expr, scope)) {
      const Expr* decides = followed->value;
      while (decides && is_choice(*decides)) decides = choice(*decides, followed->scope);
      if (decides && (is_read(*decides) || is_computed(*decides))) return spell(*decides, followed->scope);
    }
    return fmt::format("`{}` is {}{}", is_tensor(expr) ? key_text_of(expr, scope) : path_text(expr, scope), text,
                       is_computed(expr) ? parts(expr, scope) : "");
  }

  static bool is_computed(const Expr& expr) {
    return expr.op == Op::add || expr.op == Op::subtract || expr.op == Op::multiply || expr.op == Op::divide ||
           expr.op == Op::modulo;
  }

  /// ` (A, B)`: what a number is computed from.
  std::string parts(const Expr& expr, const Scope& scope) {
    std::vector<std::string> values;
    for (const Expr& arg : expr.args) {
      if (arg.op != Op::literal) values.push_back(spell(arg, scope));
    }
    return fmt::format(" ({})", fmt::join(values, ", "));
  }

  static bool is_tensor(const Expr& expr) {
    return expr.op == Op::extent || expr.op == Op::count || expr.op == Op::dtype;
  }
  bool is_read(const Expr& expr) {
    return is_tensor(expr) || expr.op == Op::param || expr.op == Op::member || expr.op == Op::item;
  }

  /// `extent(hf:norm.weight, 0)`, its placeholders filled in.
  std::string key_text_of(const Expr& expr, const Scope& scope) {
    const auto texts = expr.op == Op::count ? std::nullopt : std::optional(environment_.key_texts(expr.key, scope));
    const std::string key = fmt::format("{}:{}", expr.name, texts && *texts ? (*texts)->front() : to_text(expr.key));
    if (expr.op == Op::present_key) return key;
    if (expr.op == Op::extent) return fmt::format("extent({}, {})", key, to_text(expr.args[0]));
    return fmt::format("{}({})", expr.op == Op::count ? "count" : "dtype", key);
  }

  /// A path with params followed, so that it is one in the config of a side.
  std::string path_text(const Expr& path, const Scope& scope, unsigned depth = 0) {
    if (depth == max_depth) return to_text(path);
    if (const auto followed = follow(path, scope)) {
      const Expr* value = followed->value;
      while (value && is_choice(*value)) value = choice(*value, followed->scope);
      const bool leads_on = value && (value->op == Op::member || value->op == Op::item || value->op == Op::param ||
                                      value->op == Op::config);
      return leads_on ? path_text(*value, followed->scope, depth + 1) : to_text(path);
    }
    if (path.op == Op::member) return fmt::format("{}.{}", path_text(path.args[0], scope, depth + 1), path.name);
    if (path.op != Op::item) return to_text(path);
    const Evaluated at = environment_.evaluate(path.args[1], scope);
    const std::string of = path_text(path.args[0], scope, depth + 1);
    return at && key_text(*at) ? fmt::format("{}.{}", of, *key_text(*at)) : to_text(path);
  }

  const Plan& plan_;
  Environment& environment_;
  std::vector<std::string> reasons_;
};

}  // namespace

std::vector<std::string> explain_condition(const Plan& plan, const Expr& condition, Environment& environment) {
  Explanation explanation(plan, environment);
  explanation.explain(condition, {});
  return explanation.told();
}

}  // namespace omap
