#include "compiler/sema/key_spelling.h"

#include <fmt/format.h>

#include <algorithm>

namespace omap::sema {
namespace {

std::string spell_key(const ast::Key& key);

/// Every operation in brackets: only equality matters.
std::string spell(const ast::Expr& expr) {
  using Kind = ast::Expr::Kind;
  std::vector<std::string> operands;
  for (const ast::SideKey& key : expr.key) operands.push_back(key.side.text + ":" + spell_key(key.key));
  for (const ast::Expr& operand : expr.operands) operands.push_back(spell(operand));
  switch (expr.kind) {
    case Kind::null:
      return "null";
    case Kind::boolean:
      return expr.integer != 0 ? "true" : "false";
    case Kind::integer:
      return std::to_string(expr.integer);
    case Kind::real:
      return fmt::format("{}", expr.real);
    case Kind::string:
      return '"' + expr.text + '"';
    case Kind::name:
      return expr.text;
    case Kind::member:
      return operands[0] + "." + expr.text;
    case Kind::item:
      return fmt::format("{}[{}]", operands[0], operands[1]);
    case Kind::call:
      return fmt::format("{}({})", expr.text, fmt::join(operands, ","));
    case Kind::list:
      return fmt::format("[{}]", fmt::join(operands, ","));
    case Kind::negate:
      return "(-" + operands[0] + ")";
    case Kind::logical_not:
      return "(not " + operands[0] + ")";
    case Kind::binary:
      return fmt::format("({} {} {})", operands[0], expr.text, operands[1]);
    case Kind::conditional:
      return fmt::format("(if {} then {} else {})", operands[0], operands[1], operands[2]);
  }
  return {};
}

std::string spell_key(const ast::Key& key) {
  std::string text;
  for (const ast::KeyPart& part : key.parts) {
    switch (part.kind) {
      case ast::KeyPart::Kind::text:
        text += part.text;
        break;
      case ast::KeyPart::Kind::placeholder:
        text += "{" + spell(part.expr.front()) + "}";
        break;
      case ast::KeyPart::Kind::any:
        text += "{_}";
        break;
      case ast::KeyPart::Kind::alternatives:
        text += fmt::format("{{{}}}", fmt::join(part.alternatives, "|"));
        break;
      case ast::KeyPart::Kind::segment:
        text += "*";
        break;
      case ast::KeyPart::Kind::segments:
        text += "**";
        break;
    }
  }
  return text;
}

/// Segments between dots; dots in braces are part of what varies.
std::vector<std::string_view> segments(std::string_view text) {
  std::vector<std::string_view> all;
  std::size_t begin = 0, depth = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '{') ++depth;
    if (i < text.size() && text[i] == '}' && depth > 0) --depth;
    if (i < text.size() && (text[i] != '.' || depth > 0)) continue;
    all.push_back(text.substr(begin, i - begin));
    begin = i + 1;
  }
  return all;
}

}  // namespace

std::string spell_key(const std::vector<const ast::Key*>& prefixes, const ast::Key& key) {
  std::string text;
  for (const ast::Key* prefix : prefixes) text += spell_key(*prefix) + (prefix->quoted ? "" : ".");
  return text + spell_key(key);
}

std::string spell_path(const ast::Expr& path) { return spell(path); }

bool covers(std::string_view pattern, std::string_view key) {
  const auto wanted = segments(pattern);
  const auto given = segments(key);
  // reached[k]: the pattern so far matches the first k segments.
  std::vector<bool> reached(given.size() + 1, false);
  reached[0] = true;
  for (const std::string_view segment : wanted) {
    std::vector<bool> next(given.size() + 1, false);
    bool any = false;
    for (std::size_t k = 0; k < given.size(); ++k) {
      any = any || reached[k];
      if (segment == "**") {
        next[k + 1] = any;
      } else if (reached[k]) {
        next[k + 1] = segment == "*" || segment == given[k];
      }
    }
    reached = std::move(next);
  }
  return reached.back();
}

}  // namespace omap::sema
