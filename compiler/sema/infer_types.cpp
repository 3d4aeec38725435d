#include <algorithm>
#include <array>

#include "compiler/sema/check_expressions.h"
#include "diagnostics/nearest.h"

namespace omap::sema {
namespace {

using Base = Type::Base;
constexpr Type any_type{};
constexpr Type bool_type{Base::boolean, false};
constexpr Type int_type{Base::integer, false};
constexpr Type float_type{Base::real, false};

/// A function over values, with so many of them; `min` and `max` take one list, or several values.
struct Function {
  std::string_view name;
  std::size_t min_args, max_args;
};
constexpr std::array<Function, 8> functions = {{{"len", 1, 1},
                                                {"first", 1, 1},
                                                {"min", 1, 64},
                                                {"max", 1, 64},
                                                {"ceildiv", 2, 2},
                                                {"int", 1, 1},
                                                {"ln", 1, 1},
                                                {"sqrt", 1, 1}}};
/// A function over a tensor of the source: `SIDE:KEY`, and so many more arguments.
constexpr std::array<Function, 4> key_functions = {
    {{"present", 0, 0}, {"extent", 1, 1}, {"count", 0, 0}, {"dtype", 0, 0}}};

template <std::size_t N>
const Function* find(const std::array<Function, N>& table, std::string_view name) {
  const auto found = std::find_if(table.begin(), table.end(), [&](const Function& f) { return f.name == name; });
  return found == table.end() ? nullptr : &*found;
}

bool is_comparison(const ast::Expr& expr) {
  return expr.kind == ast::Expr::Kind::binary && (expr.text.front() == '<' || expr.text.front() == '>');
}

std::string arguments_text(const Function& function) {
  if (function.name == "min" || function.name == "max") return "a list, or several numbers";
  if (takes_list(function.name)) return "a list";
  return function.min_args == 1 ? "one number" : fmt::format("{} numbers", function.min_args);
}

}  // namespace

bool takes_list(std::string_view name) { return name == "len" || name == "first" || name == "min" || name == "max"; }

void Expressions::want(const ast::Expr& expr, Type wanted, const NameSet& scope) {
  const Type type = infer(expr, scope);
  if (fits(type, wanted)) return;
  report(explained(Diagnostic(Code::type_mismatch, expr.range, "`{}` is wanted here, and this is `{}`", to_text(wanted),
                              to_text(type)),
                   expr, scope));
}

Type Expressions::infer(const ast::Expr& expr, const NameSet& scope) {
  using Kind = ast::Expr::Kind;
  switch (expr.kind) {
    case Kind::null:
      return {Base::null, false};
    case Kind::boolean:
      return bool_type;
    case Kind::integer:
      return int_type;
    case Kind::real:
      return float_type;
    case Kind::string:
      return {Base::string, false};
    case Kind::name:
      return name(expr, scope);
    case Kind::item:
      return item(expr, scope);
    case Kind::list:
      return list(expr.operands, scope);
    case Kind::binary:
      return binary(expr, scope);
    case Kind::call:
      return call(expr, scope);
    case Kind::member: {
      const Type type = infer(expr.operands[0], scope);
      if (!is_any(type)) {
        report(Diagnostic(Code::type_mismatch, expr.range, "`{}` has no members: it is `{}`, not a config", expr.text,
                          to_text(type)));
      }
      return any_type;
    }
    case Kind::negate: {
      const Type type = infer(expr.operands[0], scope);
      if (!is_number(type)) {
        report(Diagnostic(Code::type_mismatch, expr.range, "`-` needs a number, and this is `{}`", to_text(type)));
        return any_type;
      }
      return type;
    }
    case Kind::logical_not:
      want(expr.operands[0], bool_type, scope);
      return bool_type;
    case Kind::conditional: {
      want(expr.operands[0], bool_type, scope);
      const Type then_type = infer(expr.operands[1], scope);
      return either(then_type, infer(expr.operands[2], scope));
    }
  }
  return any_type;
}

Type Expressions::name(const ast::Expr& expr, const NameSet& scope) {
  uses.insert(expr.text);
  const auto found = mapping.symbols.find(expr.text);
  if (found == mapping.symbols.end()) {
    std::vector<std::string> names;
    for (const auto& [known, symbol] : mapping.symbols) names.push_back(known);
    Diagnostic diagnostic(Code::unknown_name, expr.range, "nothing is called `{}`", expr.text);
    if (const auto near = nearest(expr.text, names)) {
      diagnostic.secondary.push_back({mapping.symbols.find(*near)->second.range, "declared here"});
      diagnostic.helps.push_back(fmt::format("did you mean `{}`?", *near));
    } else {
      diagnostic.helps.push_back(
          fmt::format("declare it: `param {0}: TYPE = {1}.PATH ?? {2}.PATH`, or `index {0} in 0..n`", expr.text,
                      mapping.syntax->left.text, mapping.syntax->right.text));
    }
    report(std::move(diagnostic));
    return any_type;
  }
  const Symbol& symbol = found->second;
  if (symbol.kind == Symbol::Kind::side) return any_type;
  if (symbol.kind == Symbol::Kind::param) {
    if (symbol.param_index.empty()) return symbol.type;
    return symbol.type.list ? any_type : Type{symbol.type.base, true};
  }
  return scope.contains(expr.text) ? symbol.type : Type{symbol.type.base, true};
}

Type Expressions::item(const ast::Expr& expr, const NameSet& scope) {
  const Type type = infer(expr.operands[0], scope);
  const Type at = infer(expr.operands[1], scope);
  if (is_any(type)) return any_type;
  if (!type.list) {
    report(Diagnostic(Code::type_mismatch, expr.operands[0].range, "`{}` has no items", to_text(type)));
    return any_type;
  }
  if (!fits(at, int_type)) {
    report(
        Diagnostic(Code::type_mismatch, expr.operands[1].range, "a list is read at an int, not at `{}`", to_text(at)));
  }
  return {type.base, false};
}

Type Expressions::list(const std::vector<ast::Expr>& items, const NameSet& scope) {
  if (items.empty()) return {Base::any, true};
  Type type = infer(items.front(), scope);
  for (std::size_t i = 1; i < items.size(); ++i) type = either(type, infer(items[i], scope));
  return type.list ? Type{Base::any, true} : Type{type.base, true};
}

Type Expressions::choice(const ast::Expr& expr, const NameSet& scope) {
  const Type first = infer(expr.operands[0], scope);
  const Type second = infer(expr.operands[1], scope);
  if (first.list != second.list && !is_any(first) && !is_any(second)) {
    Diagnostic mixed(Code::type_mismatch, expr.range, "`??` chooses between `{}` and `{}`, a list and one value",
                     to_text(first), to_text(second));
    const ast::Expr& left = expr.operands[0];
    const bool range_first = left.kind == ast::Expr::Kind::binary && left.text == "..";
    report(range_first ? std::move(mixed).help("`..` binds tighter than `??`: write `0..(a ?? b)`")
                       : std::move(mixed).help("both have to be lists, or both single values"));
    return any_type;
  }
  return either(first, second);
}

Type Expressions::binary(const ast::Expr& expr, const NameSet& scope) {
  const std::string& op = expr.text;
  if (op == "and" || op == "or") {
    for (const ast::Expr& operand : expr.operands) want(operand, bool_type, scope);
    return bool_type;
  }
  if (op == "??") return choice(expr, scope);
  if (op == "..") {
    for (const ast::Expr& operand : expr.operands) want(operand, int_type, scope);
    return {Base::integer, true};
  }
  if (op == "in" || op == "not in") {
    const Type element = infer(expr.operands[0], scope);
    const Type in = infer(expr.operands[1], scope);
    if (!is_any(in) && !in.list) {
      report(
          Diagnostic(Code::type_mismatch, expr.operands[1].range, "`in` needs a list, and this is `{}`", to_text(in)));
    } else if (!is_any(in) && !fits(element, {in.base, false}) && !fits({in.base, false}, element)) {
      report(Diagnostic(Code::type_mismatch, expr.range, "a list of `{}` never holds a value of type `{}`",
                        to_text({in.base, false}), to_text(element)));
    }
    return bool_type;
  }
  if (op == "==" || op == "!=") {
    const Type a = infer(expr.operands[0], scope);
    const Type b = infer(expr.operands[1], scope);
    if (!fits(a, b) && !fits(b, a)) {
      report(Diagnostic(Code::type_mismatch, expr.range, "`{}` and `{}` are never equal", to_text(a), to_text(b)));
    }
    return bool_type;
  }
  const Type type = arithmetic(expr, scope);
  return is_comparison(expr) ? bool_type : type;
}

Type Expressions::arithmetic(const ast::Expr& expr, const NameSet& scope) {
  Type result = int_type;
  for (const ast::Expr& operand : expr.operands) {
    const Type type = infer(operand, scope);
    if (!is_number(type)) {
      auto diagnostic = explained(Diagnostic(Code::type_mismatch, operand.range, "`{}` needs numbers, and this is `{}`",
                                             expr.text, to_text(type)),
                                  operand, scope);
      if (type == bool_type && is_comparison(operand) && is_comparison(expr)) {
        diagnostic.helps.push_back("comparisons do not chain: write `0 < n and n < 3`");
      }
      report(std::move(diagnostic));
      return any_type;
    }
    if (is_any(type)) {
      result = any_type;
    } else if (!is_any(result) && type.base == Base::real) {
      result = float_type;
    }
  }
  return result;
}

Type Expressions::call(const ast::Expr& expr, const NameSet& scope) {
  const Function* function = find(functions, expr.text);
  const Function* of_key = find(key_functions, expr.text);
  if (!function && !of_key) {
    std::vector<std::string> names;
    for (const Function& f : functions) names.emplace_back(f.name);
    for (const Function& f : key_functions) names.emplace_back(f.name);
    Diagnostic diagnostic(Code::unknown_name, expr.word_range, "there is no function `{}`", expr.text);
    if (const auto near = nearest(expr.text, names))
      diagnostic.helps.push_back(fmt::format("did you mean `{}`?", *near));
    diagnostic.helps.push_back(fmt::format("functions are {}", fmt::join(names, ", ")));
    report(std::move(diagnostic));
    return any_type;
  }
  if (of_key && (!expr.key.empty() || expr.text != "present")) return key_call(expr, scope);
  if (of_key) {
    if (expr.operands.size() == 1) {
      infer(expr.operands.front(), scope);
    } else {
      report(Diagnostic(Code::wrong_arguments, expr.range, "`present` takes one `SIDE:KEY`, or one config path"));
    }
    return bool_type;
  }
  if (!expr.key.empty() || expr.operands.size() < function->min_args || expr.operands.size() > function->max_args) {
    report(Diagnostic(Code::wrong_arguments, expr.range, "`{}` takes {}", expr.text, arguments_text(*function)));
    return any_type;
  }
  std::vector<Type> types;
  for (const ast::Expr& operand : expr.operands) types.push_back(infer(operand, scope));
  const bool of_list = takes_list(expr.text) && types.size() == 1;
  if (of_list && !is_any(types[0]) && !types[0].list) {
    report(explained(Diagnostic(Code::wrong_arguments, expr.operands[0].range, "`{}` needs a list, and this is `{}`",
                                expr.text, to_text(types[0])),
                     expr.operands[0], scope));
    return any_type;
  }
  const auto wrong = of_list ? types.end() : std::find_if_not(types.begin(), types.end(), is_number);
  if (wrong != types.end()) {
    const ast::Expr& operand = expr.operands[static_cast<std::size_t>(wrong - types.begin())];
    report(explained(Diagnostic(Code::wrong_arguments, operand.range, "`{}` needs numbers, and this is `{}`", expr.text,
                                to_text(*wrong)),
                     operand, scope));
    return any_type;
  }
  if (expr.text == "len" || expr.text == "ceildiv" || expr.text == "int") return int_type;
  if (expr.text == "ln" || expr.text == "sqrt") return float_type;
  if (of_list) return is_any(types[0]) ? any_type : Type{types[0].base, false};
  return types[0];
}

Type Expressions::key_call(const ast::Expr& expr, const NameSet& scope) {
  const Function& function = *find(key_functions, expr.text);
  if (expr.key.size() != 1 || expr.operands.size() != function.min_args) {
    report(Diagnostic(Code::wrong_arguments, expr.range, "`{}` takes a tensor{}", expr.text,
                      function.min_args == 1 ? " and a dimension" : "")
               .help("write `{}(SIDE:KEY{})`", expr.text, function.min_args == 1 ? ", 0" : ""));
    return any_type;
  }
  side(expr.key.front().side);
  const bool is_count = expr.text == "count";
  key(expr.key.front().key, {.any = is_count}, scope);
  const auto& parts = expr.key.front().key.parts;
  const auto free =
      std::count_if(parts.begin(), parts.end(), [](auto& p) { return p.kind == ast::KeyPart::Kind::any; });
  if (is_count && free != 1) {
    report(Diagnostic(Code::wrong_arguments, expr.key.front().range, "`count` needs one `{{_}}` in its key")
               .help("it is the largest number in that place, plus one: `count({}:blocks.{{_}}.weight)`",
                     expr.key.front().side.text));
  }
  if (!expr.operands.empty()) want(expr.operands.front(), int_type, scope);
  if (expr.text == "present") return bool_type;
  return expr.text == "dtype" ? Type{Base::dtype, false} : int_type;
}

}  // namespace omap::sema
