#include "compiler/lower/lower_expr.h"

#include <algorithm>

#include "runtime/plan/plan.h"

namespace omap {
namespace {

Expr literal(Value value) {
  Expr expr;
  expr.value = std::move(value);
  return expr;
}

Expr named(Expr::Op op, std::string name) {
  Expr expr;
  expr.op = op;
  expr.name = std::move(name);
  return expr;
}

Expr config_of(const std::string& side, const std::string& file) {
  if (file == default_config_file) return named(Expr::Op::config, side);
  Expr made = named(Expr::Op::config_file, side);
  made.value = Value(file);
  return made;
}

Expr::Op binary_op(std::string_view op) {
  using enum Expr::Op;
  if (op == "or") return logical_or;
  if (op == "and") return logical_and;
  if (op == "??") return coalesce;
  for (const OpInfo& info : all_ops()) {
    if (info.name == op && info.min_args == 2) return info.op;
  }
  return coalesce;
}

Expr::Op function_op(std::string_view name) {
  for (const OpInfo& info : all_ops()) {
    if (info.name == name) return info.op;
  }
  return Expr::Op::len;
}

void append(KeyTemplate& made, const CheckedMapping& mapping, const ast::Key& key, const sema::NameSet& scope);

class Lowering {
 public:
  Lowering(const CheckedMapping& mapping, const sema::NameSet& scope) : mapping_(mapping), scope_(scope) {}

  Expr lower(const ast::Expr& expr) const {
    using Kind = ast::Expr::Kind;
    switch (expr.kind) {
      case Kind::null:
        return literal({});
      case Kind::boolean:
        return literal(expr.integer != 0);
      case Kind::integer:
        return literal(expr.integer);
      case Kind::real:
        return literal(expr.real);
      case Kind::string:
        return literal(expr.text);
      case Kind::name:
        return name(expr);
      case Kind::member:
        if (names_file(expr)) return config_of(expr.operands.front().text, expr.text);
        return with_args(named(Expr::Op::member, expr.text), expr);
      case Kind::item:
        return with_args(named(Expr::Op::item, {}), expr);
      case Kind::list:
        return with_args(named(Expr::Op::list, {}), expr);
      case Kind::negate:
        return negate(expr);
      case Kind::logical_not:
        return with_args(named(Expr::Op::logical_not, {}), expr);
      case Kind::conditional:
        return with_args(named(Expr::Op::conditional, {}), expr);
      case Kind::binary:
        return binary(expr);
      case Kind::call:
        return call(expr);
    }
    return literal({});
  }

 private:
  /// `hf."tokenizer_config.json"`: no member has a dot in its name by accident.
  bool names_file(const ast::Expr& expr) const {
    const ast::Expr& of = expr.operands.front();
    if (of.kind != ast::Expr::Kind::name || !is_config_file(expr.text)) return false;
    return mapping_.symbols.find(of.text)->second.kind == Symbol::Kind::side;
  }

  Expr with_args(Expr made, const ast::Expr& expr) const {
    for (const ast::Expr& operand : expr.operands) made.args.push_back(lower(operand));
    return made;
  }

  Expr name(const ast::Expr& expr) const {
    const Symbol& symbol = mapping_.symbols.find(expr.text)->second;
    if (symbol.kind == Symbol::Kind::side) return named(Expr::Op::config, expr.text);
    if (symbol.kind == Symbol::Kind::param) return named(Expr::Op::param, expr.text);
    return named(scope_.contains(expr.text) ? Expr::Op::index : Expr::Op::index_list, expr.text);
  }

  /// `-1` is a number, not an operation.
  Expr negate(const ast::Expr& expr) const {
    Expr made = with_args(named(Expr::Op::negate, {}), expr);
    const Value& value = made.args.front().value;
    if (made.args.front().op == Expr::Op::literal && value.integer()) return literal(-*value.integer());
    if (made.args.front().op == Expr::Op::literal && value.real()) return literal(-*value.real());
    return made;
  }

  /// `a ?? b ?? c` is one choice among three.
  Expr binary(const ast::Expr& expr) const {
    Expr made = with_args(named(binary_op(expr.text), {}), expr);
    if (made.op != Expr::Op::coalesce || made.args.front().op != Expr::Op::coalesce) return made;
    std::vector<Expr> args = std::move(made.args.front().args);
    args.push_back(std::move(made.args[1]));
    made.args = std::move(args);
    return made;
  }

  Expr call(const ast::Expr& expr) const {
    if (expr.key.empty()) return with_args(named(function_op(expr.text), {}), expr);
    Expr made =
        named(expr.text == "present" ? Expr::Op::present_key : function_op(expr.text), expr.key.front().side.text);
    append(made.key, mapping_, expr.key.front().key, scope_);
    return with_args(std::move(made), expr);
  }

  const CheckedMapping& mapping_;
  const sema::NameSet& scope_;
};

KeyPart lower_part(const CheckedMapping& mapping, const ast::KeyPart& part, const sema::NameSet& scope) {
  KeyPart made;
  switch (part.kind) {
    case ast::KeyPart::Kind::text:
      made.text = part.text;
      break;
    case ast::KeyPart::Kind::placeholder:
      made.kind = KeyPart::Kind::placeholder;
      made.expr = lower_expr(mapping, part.expr.front(), scope);
      break;
    case ast::KeyPart::Kind::any:
      made.kind = KeyPart::Kind::any;
      break;
    case ast::KeyPart::Kind::alternatives:
      made.kind = KeyPart::Kind::alternatives;
      made.names = part.alternatives;
      break;
    case ast::KeyPart::Kind::segment:
      made.kind = KeyPart::Kind::segment;
      break;
    case ast::KeyPart::Kind::segments:
      made.kind = KeyPart::Kind::segments;
      break;
  }
  return made;
}

void append(KeyTemplate& key, KeyPart part) {
  if (part.kind == KeyPart::Kind::text && !key.parts.empty() && key.parts.back().kind == KeyPart::Kind::text) {
    key.parts.back().text += part.text;
  } else {
    key.parts.push_back(std::move(part));
  }
}

void append(KeyTemplate& made, const CheckedMapping& mapping, const ast::Key& key, const sema::NameSet& scope) {
  for (const ast::KeyPart& part : key.parts) append(made, lower_part(mapping, part, scope));
}

AxisExpr lower_axis(const ast::Axis& axis) {
  using Kind = AxisExpr::Kind;
  AxisExpr made;
  made.range = axis.range;
  switch (axis.kind) {
    case ast::Axis::Kind::named:
      made.kind = axis.text == "_" ? Kind::dropped : Kind::axis;
      if (made.kind == Kind::axis) made.name = axis.text;
      if (axis.extent) made.name = axis.extent->text;
      made.size = axis.value;
      break;
    case ast::Axis::Kind::divided:
      made.kind = Kind::divided;
      made.name = axis.text;
      made.size = axis.value;
      break;
    case ast::Axis::Kind::literal:
      made.kind = Kind::one;
      break;
    case ast::Axis::Kind::product:
      made.kind = Kind::product;
      break;
    case ast::Axis::Kind::sum:
      made.kind = Kind::sum;
      break;
    case ast::Axis::Kind::ellipsis:
      made.kind = Kind::ellipsis;
      break;
  }
  for (const ast::Axis& part : axis.parts) made.parts.push_back(lower_axis(part));
  return made;
}

}  // namespace

Expr lower_expr(const CheckedMapping& mapping, const ast::Expr& expr, const sema::NameSet& scope) {
  return Lowering(mapping, scope).lower(expr);
}

KeyTemplate lower_key(const CheckedMapping& mapping, const std::vector<const ast::Key*>& prefixes,
                      const ast::Key& key) {
  KeyTemplate made;
  const auto add = [&](const ast::Key& from) { append(made, mapping, from, sema::indexes_in(mapping, from)); };
  for (const ast::Key* prefix : prefixes) {
    add(*prefix);
    if (!prefix->quoted) append(made, {KeyPart::Kind::text, ".", {}, {}});
  }
  add(key);
  return made;
}

Expr lower_path(const CheckedMapping& mapping, const ast::Expr& path, const std::string& side, const std::string& file,
                const sema::NameSet& scope) {
  if (path.operands.empty()) {
    const auto symbol = mapping.symbols.find(path.text);
    const bool is_param = symbol != mapping.symbols.end() && symbol->second.kind == Symbol::Kind::param;
    if (side.empty()) return is_param ? named(Expr::Op::param, path.text) : config_of(path.text, file);
    Expr made = named(Expr::Op::member, path.text);
    made.args.push_back(config_of(side, file));
    return made;
  }
  const bool member = path.kind == ast::Expr::Kind::member;
  const ast::Expr& of = path.operands.front();
  if (member && side.empty() && of.operands.empty() && is_config_file(path.text)) return config_of(of.text, path.text);
  Expr made = named(member ? Expr::Op::member : Expr::Op::item, member ? path.text : std::string());
  made.args.push_back(lower_path(mapping, of, side, file, scope));
  if (!member) made.args.push_back(lower_expr(mapping, path.operands[1], scope));
  return made;
}

Shape lower_shape(const ast::Shape& shape) {
  Shape made;
  for (const ast::Axis& dim : shape.dims) made.dims.push_back(lower_axis(dim));
  return made;
}

}  // namespace omap
