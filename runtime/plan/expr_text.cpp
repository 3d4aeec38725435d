#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/json/json.h"
#include "runtime/plan/expr.h"
#include "runtime/plan/spelling.h"

namespace omap {
namespace {

using Op = Expr::Op;

/// How tightly an operation holds what is around it: the grammar's order, loosest first.
enum class Tightness {
  coalesce,
  conditional,
  disjunction,
  conjunction,
  negation,
  comparison,
  range,
  sum,
  product,
  sign,
  postfix
};

Tightness tighter(Tightness tightness) { return static_cast<Tightness>(static_cast<int>(tightness) + 1); }

Tightness tightness(const Expr& expr) {
  switch (expr.op) {
    case Op::literal: {
      const bool negative = expr.value.is_number() && std::signbit(expr.value.number());
      return negative ? Tightness::sign : Tightness::postfix;
    }
    case Op::coalesce:
      return Tightness::coalesce;
    case Op::conditional:
      return Tightness::conditional;
    case Op::logical_or:
      return Tightness::disjunction;
    case Op::logical_and:
      return Tightness::conjunction;
    case Op::logical_not:
      return Tightness::negation;
    case Op::equal:
    case Op::not_equal:
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
    case Op::in:
    case Op::not_in:
      return Tightness::comparison;
    case Op::range:
      return Tightness::range;
    case Op::add:
    case Op::subtract:
      return Tightness::sum;
    case Op::multiply:
    case Op::divide:
    case Op::modulo:
      return Tightness::product;
    case Op::negate:
      return Tightness::sign;
    default:
      return Tightness::postfix;
  }
}

class Writer {
 public:
  std::string out;

  /// In brackets if `expr` is looser than its place allows.
  void write(const Expr& expr, Tightness least) {
    const bool brackets = tightness(expr) < least;
    if (brackets) out += '(';
    write(expr);
    if (brackets) out += ')';
  }
  void write(const Value& value) {
    const Value::List* list = value.list();
    if (!list) {
      out += dump_json(value);
      return;
    }
    out += '[';
    for (std::size_t i = 0; i < list->size(); ++i) {
      if (i > 0) out += ", ";
      write((*list)[i]);
    }
    out += ']';
  }

 private:
  void write(const Expr& expr) {
    const OpInfo& op = all_ops()[static_cast<std::size_t>(expr.op)];
    const bool complete =
        expr.args.size() >= op.min_args && (op.max_args == any_number_of_args || expr.args.size() <= op.max_args);
    if (!complete) return call(op.name, expr);
    switch (expr.op) {
      case Op::literal:
        return write(expr.value);
      case Op::param:
      case Op::index:
      case Op::index_list:
      case Op::config:
        out += expr.name;
        return;
      case Op::config_file:
        out += expr.name + "." + dump_json(expr.value);
        return;
      case Op::member:
        return member(expr);
      case Op::item:
        write(expr.args[0], Tightness::postfix);
        return list(expr, 1);
      case Op::list:
        return list(expr, 0);
      case Op::conditional:
        return conditional(expr);
      case Op::logical_not:
        out += "not ";
        return write(expr.args[0], Tightness::negation);
      case Op::negate:
        out += '-';
        return write(expr.args[0], Tightness::sign);
      case Op::present_key:
        return call("present", expr);
      case Op::range:
        return infix(expr, "..");
      default:
        break;
    }
    if (tightness(expr) == Tightness::postfix) return call(op.name, expr);
    infix(expr, " " + std::string(op.name) + " ");
  }

  void member(const Expr& expr) {
    write(expr.args[0], Tightness::postfix);
    out += '.';
    out += is_word(expr.name) ? expr.name : dump_json(Value(expr.name));
  }
  void list(const Expr& expr, std::size_t from) {
    out += '[';
    args(expr, from);
    out += ']';
  }
  void args(const Expr& expr, std::size_t from) {
    for (std::size_t i = from; i < expr.args.size(); ++i) {
      if (i > from) out += ", ";
      write(expr.args[i], Tightness::coalesce);
    }
  }
  /// Operators group from the left.
  void infix(const Expr& expr, std::string_view between) {
    const Tightness own = tightness(expr);
    write(expr.args[0], own);
    for (std::size_t i = 1; i < expr.args.size(); ++i) {
      out += between;
      write(expr.args[i], tighter(own));
    }
  }
  /// Only its last part is open towards what follows.
  void conditional(const Expr& expr) {
    out += "if ";
    write(expr.args[0], Tightness::coalesce);
    out += " then ";
    write(expr.args[1], Tightness::coalesce);
    out += " else ";
    write(expr.args[2], Tightness::conditional);
  }
  void call(std::string_view function, const Expr& expr) {
    out += function;
    out += '(';
    if (!expr.key.parts.empty()) {
      out += expr.name + ":" + to_text(expr.key);
      if (!expr.args.empty()) out += ", ";
    }
    args(expr, 0);
    out += ')';
  }
};

/// What stands between the braces, or a wildcard; not of text.
std::string varying_text(const KeyPart& part) {
  switch (part.kind) {
    case KeyPart::Kind::text:
      break;
    case KeyPart::Kind::placeholder:
      return "{" + to_text(part.expr) + "}";
    case KeyPart::Kind::alternatives: {
      std::string all;
      for (const std::string& name : part.names) all += (all.empty() ? "{" : "|") + name;
      return all.empty() ? "{}" : all + "}";
    }
    case KeyPart::Kind::any:
      return "{_}";
    case KeyPart::Kind::segment:
      return "*";
    case KeyPart::Kind::segments:
      return "**";
  }
  return {};
}

/// Whether a key may stand without quotes: letters, digits, `_`, `-`, and single dots inside.
bool is_bare(const KeyTemplate& key) {
  std::string skeleton;
  for (const KeyPart& part : key.parts) {
    skeleton += part.kind == KeyPart::Kind::text ? part.text : "x";
    for (const std::string& name : part.names) skeleton += name;
  }
  const auto fits = [](char c) { return is_word_character(c) || c == '-' || c == '.'; };
  return !skeleton.empty() && !skeleton.starts_with('.') && !skeleton.ends_with('.') &&
         skeleton.find("..") == std::string::npos && std::all_of(skeleton.begin(), skeleton.end(), fits);
}

/// `text` as it stands between the quotes of a string.
std::string escaped(std::string_view text) {
  const std::string quoted = dump_json(Value(text));
  return quoted.substr(1, quoted.size() - 2);
}

}  // namespace

std::string to_text(const Expr& expr) {
  Writer writer;
  writer.write(expr, Tightness::coalesce);
  return std::move(writer.out);
}

std::string to_text(const KeyTemplate& key) {
  const bool bare = is_bare(key);
  std::string out;
  for (const KeyPart& part : key.parts) {
    if (part.kind != KeyPart::Kind::text) {
      out += bare ? varying_text(part) : escaped(varying_text(part));
    } else if (bare) {
      out += part.text;
    } else {
      for (const char c : escaped(part.text)) {
        if (c == '{' || c == '}') out += '\\';
        out += c;
      }
    }
  }
  return bare ? out : "\"" + out + "\"";
}

}  // namespace omap
