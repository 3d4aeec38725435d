#include "runtime/plan/print_ir.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/json/json.h"
#include "runtime/plan/spelling.h"

namespace omap {
namespace {

std::string quoted(std::string_view text) { return dump_json(Value(text)); }

class Printer {
 public:
  std::string out;

  void print(const Plan& plan) {
    line("plan {}: {} <-> {}", plan.name, side(plan.left), side(plan.right));
    if (!plan.doc.empty()) line("doc {}", quoted(plan.doc));
    for (const Param& param : plan.params) print(param);
    for (const Index& index : plan.indexes) {
      line("index {} in {}{}", index.name, values(index.list), condition(index.when));
    }
    for (const Requirement& requirement : plan.requirements) {
      line("require {}{}", to_text(requirement.condition),
           requirement.message.empty() ? "" : "  " + quoted(requirement.message));
    }
    for (const Note& note : plan.notes) line("note {} {}{}", note.side, quoted(note.text), condition(note.when));
    for (std::size_t i = 0; i < plan.rules.size(); ++i) print(plan, plan.rules[i], "rule", i);
    for (const Tie& tie : plan.ties) {
      line("tie {0}:{1} = {0}:{2}{3}", tie.side, to_text(tie.dropped), to_text(tie.kept), condition(tie.when));
    }
    for (const Ignore& ignore : plan.ignores) {
      line("ignore {}:{}{}", ignore.side, to_text(ignore.pattern), condition(ignore.when));
    }
    for (const Same& same : plan.sames) line("same {}{}", to_text(same.pattern), condition(same.when));
    for (const ConfigLine& config : plan.config) print(plan, config);
    for (std::size_t i = 0; i < plan.modules.size(); ++i) print(plan, plan.modules[i], "module", i);
  }

 private:
  template <class... Args>
  void line(fmt::format_string<Args...> text, Args&&... args) {
    fmt::format_to(std::back_inserter(out), text, std::forward<Args>(args)...);
    out += '\n';
  }

  static std::string condition(const std::optional<Expr>& when) { return when ? "  when " + to_text(*when) : ""; }

  static std::string side(const SideDeclaration& side) {
    std::string about = side.format;
    if (!side.root.empty()) about += (about.empty() ? "root " : ", root ") + quoted(side.root);
    return about.empty() ? side.name : side.name + " (" + about + ")";
  }

  /// Names as `{q, k, v}`.
  static std::string values(const Expr& list) {
    const Value::List* items = list.op == Expr::Op::literal ? list.value.list() : nullptr;
    const auto is_name = [](const Value& item) { return item.string() && is_word(*item.string()); };
    if (!items || items->empty() || !std::all_of(items->begin(), items->end(), is_name)) return to_text(list);
    std::string names;
    for (const Value& item : *items) names += (names.empty() ? "{" : ", ") + *item.string();
    return names + "}";
  }

  void print(const Param& param) {
    const std::string type(to_text(param.type));
    line("param {}{}: {}{}", param.name, param.index.empty() ? "" : "[" + param.index + "]",
         param.list ? "[" + type + "]" : type, param.value ? " = " + to_text(*param.value) : "");
  }

  /// The keys of a side under each other; the arrow stands before the first of the right.
  void print(const Plan& plan, const Rule& rule, std::string_view what, std::size_t number) {
    line("{} {}{}{}{}{}", what, number, rule.optional ? "  optional" : "", is_inexact(rule) ? "  inexact" : "",
         loops(loop_indexes(plan, rule)), condition(rule.when));
    terms(rule.left, "");
    terms(rule.right, arrow(rule.to_right, rule.to_left));
  }
  void print(const Plan& plan, const ConfigLine& config) {
    const std::string head = fmt::format("config{}", loops(config_indexes(plan, config)));
    switch (config.kind) {
      case ConfigLine::Kind::equation:
        return line("{}  {} {} {}{}", head, to_text(config.left), arrow(config.to_right, config.to_left),
                    to_text(*config.right), condition(config.when));
      case ConfigLine::Kind::assignment:
        return line("{}  {} = {}{}", head, to_text(config.left), to_text(*config.right), condition(config.when));
      case ConfigLine::Kind::ignore:
        return line("{}  ignore {}", head, to_text(config.left));
    }
  }
  static std::string_view arrow(bool to_right, bool to_left) {
    return to_right && to_left ? "<->" : (to_right ? "->" : "<-");
  }
  static std::string loops(const std::vector<std::string>& indexes) {
    return indexes.empty() ? "" : fmt::format("  for {}", fmt::join(indexes, ", "));
  }
  void terms(const std::vector<Term>& terms, std::string_view arrow) {
    for (const Term& term : terms) {
      line("  {:<4}{}", &term == &terms.front() ? arrow : "", to_text(term));
    }
  }
};

}  // namespace

std::string print_ir(const Plan& plan) {
  Printer printer;
  printer.print(plan);
  return std::move(printer.out);
}

}  // namespace omap
