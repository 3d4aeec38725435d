#include "runtime/plan/canonical.h"

#include <algorithm>
#include <vector>

#include "runtime/json/json.h"
#include "runtime/plan/modulo.h"

namespace omap {
namespace {

using Op = Expr::Op;

/// Remainders are told apart one by one.
constexpr std::int64_t max_modulus = 64;

/// The value of an operation on two constants, where it has one.
std::optional<std::int64_t> value_of(Op op, std::int64_t a, std::int64_t b) {
  std::int64_t value = 0;
  switch (op) {
    case Op::multiply:
      return __builtin_mul_overflow(a, b, &value) ? std::nullopt : std::optional(value);
    case Op::min:
      return std::min(a, b);
    case Op::max:
      return std::max(a, b);
    default:
      break;
  }
  if (b == 0 || (a == INT64_MIN && b == -1)) return std::nullopt;
  if (op == Op::modulo) return floor_modulo(a, b);
  if (op == Op::divide) return a % b == 0 ? std::optional(a / b) : std::nullopt;
  if (op == Op::ceildiv) return a / b + (a % b != 0 && (a < 0) == (b < 0) ? 1 : 0);
  return std::nullopt;
}

}  // namespace

std::string substituted_name(Spot spot) {
  const std::string& name = spot.expr->name;
  if (spot.expr->op != Op::index || name.find('@') != std::string::npos) return name;
  return occurrence(name, spot.copy);
}

const Replacement* Canonical::replacement(Spot spot) const {
  if (substitution_.empty()) return nullptr;
  const auto found = substitution_.find(substituted_name(spot));
  return found == substitution_.end() ? nullptr : &found->second;
}

LinearForm Canonical::linear(Spot spot) {
  ++steps_;
  switch (spot.expr->op) {
    case Op::literal:
      return constant_form(*spot.expr->value.integer());
    case Op::param:
      return name(spot, Quantity::Kind::param);
    case Op::index:
      return name(spot, Quantity::Kind::index);
    case Op::negate:
    case Op::add:
    case Op::subtract:
      return arithmetic(spot);
    case Op::multiply:
      return product(spot);
    case Op::modulo:
      return remainder(spot);
    case Op::divide:
    case Op::ceildiv:
    case Op::min:
    case Op::max:
      return folded(spot, operands(spot));
    case Op::len:
    case Op::extent:
    case Op::count:
      return quantity_form({Quantity::Kind::size, spelled(spot)});
    default:
      return quantity_form({Quantity::Kind::opaque, spelled(spot)});
  }
}

LinearForm Canonical::name(Spot spot, Quantity::Kind kind) {
  if (const Replacement* by = replacement(spot)) {
    if (const auto* form = std::get_if<LinearForm>(by)) return *form;
  }
  return quantity_form({kind, substituted_name(spot)});
}

std::vector<LinearForm> Canonical::operands(Spot spot) {
  std::vector<LinearForm> forms;
  for (const Expr& arg : spot.expr->args) {
    const Spot at{&arg, spot.copy};
    forms.push_back(sort(at) == Sort::integer ? linear(at) : quantity_form({Quantity::Kind::opaque, text(at)}));
  }
  return forms;
}

LinearForm Canonical::arithmetic(Spot spot) {
  const std::vector<LinearForm> forms = operands(spot);
  auto made = forms.size() == 1 ? add_scaled({}, forms[0], -1)
                                : add_scaled(forms[0], forms[1], spot.expr->op == Op::add ? 1 : -1);
  return made ? std::move(*made) : unread(spot, forms);
}

LinearForm Canonical::product(Spot spot) {
  const std::vector<LinearForm> forms = operands(spot);
  const std::size_t constant = forms[0].is_constant() ? 0 : 1;
  if (!forms[constant].is_constant()) return unread(spot, forms);
  auto made = add_scaled({}, forms[1 - constant], forms[constant].constant);
  return made ? std::move(*made) : unread(spot, forms);
}

LinearForm Canonical::remainder(Spot spot) {
  const std::vector<LinearForm> forms = operands(spot);
  const std::int64_t m = forms[1].constant;
  if (!forms[1].is_constant() || m < 1 || m > max_modulus) return folded(spot, forms);
  Residue residue{{}, floor_modulo(forms[0].constant, m), m};
  for (const auto& [quantity, coefficient] : forms[0].terms) {
    if (const std::int64_t rest = floor_modulo(coefficient, m); rest != 0)
      residue.of.terms.emplace_back(quantity, rest);
  }
  if (residue.of.is_constant()) return constant_form(residue.shift);
  LinearForm shifted = residue.of;
  shifted.constant = residue.shift;
  std::string text = "(" + to_text(shifted) + ") % " + std::to_string(m);
  residues_.emplace(text, std::move(residue));
  return quantity_form({Quantity::Kind::residue, std::move(text)});
}

LinearForm Canonical::folded(Spot spot, const std::vector<LinearForm>& forms) {
  std::optional<std::int64_t> value = forms[0].constant;
  for (std::size_t i = 0; i < forms.size() && value; ++i) {
    if (!forms[i].is_constant()) return unread(spot, forms);
    if (i > 0) value = value_of(spot.expr->op, *value, forms[i].constant);
  }
  return value ? constant_form(*value) : unread(spot, forms);
}

LinearForm Canonical::unread(Spot spot, const std::vector<LinearForm>& forms) {
  std::vector<std::string> args;
  for (const LinearForm& form : forms) args.push_back(to_text(form));
  return quantity_form({Quantity::Kind::opaque, assembled(spot, std::move(args))});
}

std::string Canonical::text(Spot spot) {
  if (sort(spot) == Sort::integer) return to_text(linear(spot));
  ++steps_;
  return spelled(spot);
}

std::string Canonical::spelled(Spot spot) {
  const Expr& expr = *spot.expr;
  if (expr.op == Op::literal) return dump_json(expr.value);
  if (expr.op == Op::param || expr.op == Op::index) {
    const Replacement* by = replacement(spot);
    if (by && std::holds_alternative<Value>(*by)) return dump_json(std::get<Value>(*by));
    return by && std::holds_alternative<std::string>(*by) ? std::get<std::string>(*by) : substituted_name(spot);
  }
  std::vector<std::string> args;
  for (const Expr& arg : expr.args) args.push_back(text({&arg, spot.copy}));
  return assembled(spot, std::move(args));
}

std::string Canonical::assembled(Spot spot, std::vector<std::string> args) {
  const Expr& expr = *spot.expr;
  if (expr.op == Op::equal || expr.op == Op::multiply) std::sort(args.begin(), args.end());
  if (expr.op == Op::config) return expr.name;
  if (expr.op == Op::member) return args[0] + "." + dump_json(Value(expr.name));
  std::string made(op_name(expr.op));
  made += "(";
  if (!expr.name.empty()) made += expr.name + ":" + key_text(expr.key, spot.copy) + (args.empty() ? "" : ", ");
  for (std::size_t i = 0; i < args.size(); ++i) made += (i > 0 ? ", " : "") + args[i];
  return made + ")";
}

std::string Canonical::key_text(const KeyTemplate& key, std::size_t copy) {
  std::string made;
  for (const KeyPart& part : key.parts) {
    switch (part.kind) {
      case KeyPart::Kind::text:
        made += dump_json(Value(part.text));
        break;
      case KeyPart::Kind::placeholder:
        made += "{" + text({&part.expr, copy}) + "}";
        break;
      case KeyPart::Kind::alternatives:
        for (const std::string& name : part.names) made += "|" + dump_json(Value(name));
        made += "|";
        break;
      case KeyPart::Kind::any:
        made += "{_}";
        break;
      case KeyPart::Kind::segment:
        made += "*";
        break;
      case KeyPart::Kind::segments:
        made += "**";
        break;
    }
  }
  return made;
}

std::optional<Value> Canonical::constant(Spot spot) {
  if (sort(spot) == Sort::integer) {
    const LinearForm form = linear(spot);
    return form.is_constant() ? std::optional(Value(form.constant)) : std::nullopt;
  }
  if (spot.expr->op == Op::literal) return spot.expr->value;
  if (spot.expr->op != Op::index && spot.expr->op != Op::param) return std::nullopt;
  const Replacement* by = replacement(spot);
  return by && std::holds_alternative<Value>(*by) ? std::optional(std::get<Value>(*by)) : std::nullopt;
}

namespace {

/// `by` with what is known of `name` put in.
void put_into(Replacement& into, const std::string& name, Quantity::Kind kind, const Replacement& by) {
  const auto* form = std::get_if<LinearForm>(&into);
  const auto* put = std::get_if<LinearForm>(&by);
  if (form && put) {
    // An overflow leaves the name in: it is read as itself, and less is known.
    if (auto made = replaced(*form, {kind, name}, *put)) into = std::move(*made);
  } else if (const auto* alias = std::get_if<std::string>(&into); alias && *alias == name) {
    into = by;
  }
}

}  // namespace

void substitute(Substitution& substitution, const std::string& name, Quantity::Kind kind, const Replacement& by) {
  for (auto& [known, replacement] : substitution) put_into(replacement, name, kind, by);
  substitution.insert_or_assign(name, by);
}

}  // namespace omap
