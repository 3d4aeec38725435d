#include "compiler/raise/spell_statement.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/syntax/literals.h"
#include "runtime/plan/spelling.h"

namespace omap {
namespace {

using syntax::quoted;

std::string_view arrow(bool to_right, bool to_left) { return to_right && to_left ? "<->" : (to_right ? "->" : "<-"); }

/// A key at the beginning of a line that begins like another statement, or like the rest of one, is quoted:
/// `"param.weight"`.
std::string spell_first(const Term& term) {
  std::string text = to_text(term);
  constexpr std::string_view words[] = {"omap",     "use",    "side",  "mapping",  "param",  "index", "require",
                                        "note",     "when",   "tie",   "optional", "ignore", "same",  "override",
                                        "restrict", "remove", "state", "config",   "fill",   "then",  "else"};
  const std::size_t end = static_cast<std::size_t>(
      std::ranges::find_if_not(text, [](char c) { return is_word_character(c); }) - text.begin());
  if (!term.is_tensor() || std::ranges::find(words, std::string_view(text).substr(0, end)) == std::end(words))
    return text;
  const std::string key = to_text(term.key);
  return quoted(key) + text.substr(key.size());
}

std::string spell_terms(const std::vector<Term>& terms, bool first) {
  std::string text;
  for (const Term& term : terms) {
    const bool begins = text.empty();
    if (!begins) text += ", ";
    text += first && begins ? spell_first(term) : to_text(term);
  }
  return text;
}

std::string spell_member(const std::string& name) { return is_word(name) ? name : quoted(name); }

/// A path, from what follows its side on; with the side where `side` is set.
std::string spell_path(const Expr& path, bool side) {
  if (path.args.empty()) return side ? path.name : std::string();
  std::string text = spell_path(path.args[0], side);
  if (path.op == Expr::Op::item) return text + "[" + to_text(path.args[1]) + "]";
  return text + (text.empty() ? "" : ".") + spell_member(path.name);
}

}  // namespace

std::string spell_condition(const std::optional<Expr>& when) { return when ? " when " + to_text(*when) : ""; }

std::string spell_requirement(const Requirement& requirement) {
  return fmt::format("require {}{}", to_text(requirement.condition),
                     requirement.message.empty() ? "" : " " + quoted(requirement.message));
}

std::string spell_param(const Param& param) {
  const std::string type(to_text(param.type));
  return fmt::format("param {}{}: {}{}", param.name, param.index.empty() ? "" : "[" + param.index + "]",
                     param.list ? "[" + type + "]" : type, param.value ? " = " + to_text(*param.value) : "");
}

std::string spell_index(const Index& index) {
  const Value::List* names = index.list.op == Expr::Op::literal ? index.list.value.list() : nullptr;
  std::string list = names ? "" : to_text(index.list);
  if (names) {
    for (const Value& name : *names) {
      list += list.empty() ? "{" : ", ";
      list += name.string() ? *name.string() : to_text(index.list);
    }
    list += "}";
  }
  return fmt::format("index {} in {}{}", index.name, list, spell_condition(index.when));
}

std::string spell_rule(const Rule& rule) {
  return fmt::format("{}{} {} {}{}", rule.optional ? "optional " : "", spell_terms(rule.left, !rule.optional),
                     arrow(rule.to_right, rule.to_left), spell_terms(rule.right, false), spell_condition(rule.when));
}

std::string spell_config_line(const ConfigLine& line) {
  switch (line.kind) {
    case ConfigLine::Kind::equation:
      return fmt::format("{} {} {}{}", spell_path(line.left, false), arrow(line.to_right, line.to_left),
                         spell_path(*line.right, false), spell_condition(line.when));
    case ConfigLine::Kind::assignment:
      return fmt::format("{} = {}{}", spell_path(line.left, true), to_text(*line.right), spell_condition(line.when));
    case ConfigLine::Kind::ignore:
      break;
  }
  return "ignore " + spell_path(line.left, true);
}

}  // namespace omap
