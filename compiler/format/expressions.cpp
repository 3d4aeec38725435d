#include "compiler/format/expressions.h"

#include <algorithm>
#include <vector>

#include "compiler/syntax/literals.h"

namespace omap::layout {
namespace {

using Kind = ast::Expr::Kind;

/// From the loosest to the tightest, as the alternatives of `expr` in grammar/OmapParser.g4.
enum class Level : std::uint8_t {
  any,
  coalesce,
  conditional,
  logical_or,
  logical_and,
  logical_not,
  comparison,
  range,
  sum,
  product,
  negation,
  step,
  primary,
};

Level of_operator(std::string_view op) {
  if (op == "??") return Level::coalesce;
  if (op == "or") return Level::logical_or;
  if (op == "and") return Level::logical_and;
  if (op == "..") return Level::range;
  if (op == "+" || op == "-") return Level::sum;
  if (op == "*" || op == "/" || op == "%") return Level::product;
  return Level::comparison;
}

Level precedence(const ast::Expr& e) {
  switch (e.kind) {
    case Kind::member:
    case Kind::item:
      return Level::step;
    case Kind::negate:
      return Level::negation;
    case Kind::logical_not:
      return Level::logical_not;
    case Kind::conditional:
      return Level::conditional;
    case Kind::binary:
      return of_operator(e.text);
    default:
      return Level::primary;
  }
}

bool is_literal(const ast::Expr& e) {
  if (e.kind == Kind::negate) return is_literal(e.operands[0]);
  return e.kind <= Kind::string;
}

class ExpressionLayout {
 public:
  ExpressionLayout(Layout& out, const SourceMap& sources) : out_(out), sources_(sources) {}

  /// A chain is broken at its operators, and goes to the next line only if its first operand has to. An `if` or a list
  /// is broken where it stands.
  void write_assigned(const ast::Expr& e) {
    if (e.kind == Kind::binary) return binary(e, true);
    const bool here = e.kind == Kind::conditional || e.kind == Kind::list;
    out_.begin();
    here ? out_.text(" ") : out_.line(continuation_indent, " ");
    if (here) out_.goes_on();
    write(e);
    out_.end();
  }

  void write(const ast::Expr& e) {
    switch (e.kind) {
      case Kind::member:
        operand(e.operands[0], Level::step);
        return out_.text("." + (sources_.text(e.word_range).starts_with('"') ? syntax::quoted(e.text) : e.text));
      case Kind::item:
        operand(e.operands[0], Level::step);
        out_.open_bracket("[");
        write(e.operands[1]);
        return out_.close_bracket("]");
      case Kind::negate:
        word(e.range, e.operands[0].kind == Kind::negate ? "- " : "-");
        return operand(e.operands[0], Level::negation);
      case Kind::logical_not:
        word(e.range, "not ");
        return operand(e.operands[0], Level::logical_not);
      case Kind::list:
        return list(e);
      case Kind::binary:
        return binary(e, false);
      case Kind::conditional:
        return conditions(e);
      case Kind::call:
        return call(e);
      default:
        return word(e.range, single_word(e));
    }
  }

 private:
  void word(SourceRange range, std::string_view text) {
    out_.at(range.begin);
    out_.text(text);
  }

  [[nodiscard]] std::string single_word(const ast::Expr& e) const {
    switch (e.kind) {
      case Kind::null:
        return "null";
      case Kind::boolean:
        return e.integer != 0 ? "true" : "false";
      case Kind::integer:
        return std::to_string(e.integer);
      case Kind::real:  // as it was written: a value has several spellings
        return std::string(sources_.text(e.range));
      case Kind::string:
        return syntax::quoted(e.text);
      default:
        return e.text;
    }
  }

  /// An `if` reaches as far as it can: as an operand it is easily misread.
  void operand(const ast::Expr& e, Level at_least) {
    if (precedence(e) >= at_least && e.kind != Kind::conditional) return write(e);
    out_.open_bracket("(");
    write(e);
    out_.close_bracket(")");
  }

  /// Operators of one precedence are one chain: `a + b - c` is `(a + b) - c`.
  void binary(const ast::Expr& e, bool assigned) {
    const Level level = of_operator(e.text);
    std::vector<const ast::Expr*> chain{&e};
    if (level != Level::comparison) {
      while (chain.back()->operands[0].kind == Kind::binary && of_operator(chain.back()->operands[0].text) == level) {
        chain.push_back(&chain.back()->operands[0]);
      }
    }
    const auto tighter =
        level == Level::logical_or ? Level::logical_not : static_cast<Level>(static_cast<int>(level) + 1);
    out_.begin();
    if (assigned) out_.fill(continuation_indent, " ");
    operand(chain.back()->operands[0], tighter);
    for (auto link = chain.rbegin(); link != chain.rend(); ++link) {
      operator_word(**link, level);
      operand((*link)->operands[1], tighter);
    }
    out_.end();
  }

  void operator_word(const ast::Expr& e, Level level) {
    if (level == Level::coalesce) {
      out_.line(continuation_indent, " ");
      out_.at(e.word_range.begin, true);
      out_.text("?? ");
      return out_.goes_on();
    }
    out_.at(e.word_range.begin);
    if (level == Level::range) return out_.text("..");
    out_.text(" " + e.text);
    out_.goes_on();
    if (level == Level::logical_and || level == Level::logical_or) return out_.line(continuation_indent, " ");
    out_.fill(continuation_indent, " ");
  }

  /// `if A then B else if C then D else E` is one chain.
  void conditions(const ast::Expr& e) {
    out_.begin();
    const ast::Expr* arm = &e;
    for (; arm->kind == Kind::conditional; arm = &arm->operands[2]) {
      out_.begin();
      word(arm->range, "if ");
      operand(arm->operands[0], Level::any);
      out_.line(continuation_indent, " ");
      out_.text("then ");
      out_.goes_on();
      operand(arm->operands[1], Level::any);
      out_.end();
      out_.line(continuation_indent, " ");
      out_.text("else ");
      out_.goes_on();
    }
    operand(*arm, Level::conditional);
    out_.end();
  }

  void list(const ast::Expr& e) {
    out_.at(e.range.begin);
    out_.open_bracket("[");
    const bool literals = std::all_of(e.operands.begin(), e.operands.end(), is_literal);
    out_.begin();
    for (std::size_t i = 0; i < e.operands.size(); ++i) {
      if (i > 0) out_.text(",");
      if (i == 0 || !literals) {
        out_.line(continuation_indent, i == 0 ? "" : " ");
      } else {
        out_.fill(continuation_indent, " ");
      }
      write(e.operands[i]);
    }
    if (!e.operands.empty()) out_.comma_if_broken();
    out_.at(e.range.end);
    if (!e.operands.empty()) out_.line(0, "");
    out_.end();
    out_.close_bracket("]");
  }

  void call(const ast::Expr& e) {
    out_.at(e.word_range.begin);
    out_.open_bracket(e.text + "(");
    out_.begin();
    if (!e.key.empty()) {
      out_.at(e.key[0].range.begin);
      out_.text(side_key(e.key[0], sources_));
    }
    for (std::size_t i = 0; i < e.operands.size(); ++i) {
      if (i > 0 || !e.key.empty()) {
        out_.text(",");
        out_.fill(continuation_indent, " ");
      }
      write(e.operands[i]);
    }
    out_.at(e.range.end);
    out_.end();
    out_.close_bracket(")");
  }

  Layout& out_;
  const SourceMap& sources_;
};

}  // namespace

void expression(Layout& out, const ast::Expr& expr, const SourceMap& sources) {
  ExpressionLayout(out, sources).write(expr);
}

void assigned(Layout& out, const ast::Expr& expr, const SourceMap& sources) {
  out.goes_on();
  ExpressionLayout(out, sources).write_assigned(expr);
}

std::string key(const ast::Key& key, const SourceMap& sources) {
  using Part = ast::KeyPart::Kind;
  std::string text;
  for (const ast::KeyPart& part : key.parts) {
    switch (part.kind) {
      case Part::text:
        text += key.quoted ? syntax::escape_key_text(part.text) : part.text;
        break;
      case Part::placeholder: {
        Layout inside;
        expression(inside, part.expr[0], sources);
        text += "{" + inside.flat() + "}";
        break;
      }
      case Part::any:
        text += "{_}";
        break;
      case Part::alternatives:
        for (std::size_t i = 0; i < part.alternatives.size(); ++i) text += (i == 0 ? "{" : "|") + part.alternatives[i];
        text += "}";
        break;
      case Part::segment:
        text += "*";
        break;
      case Part::segments:
        text += "**";
        break;
    }
  }
  return key.quoted ? "\"" + text + "\"" : text;
}

std::string side_key(const ast::SideKey& side, const SourceMap& sources) {
  return side.side.text + ":" + key(side.key, sources);
}

}  // namespace omap::layout
