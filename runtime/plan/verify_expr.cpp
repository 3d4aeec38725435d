#include "runtime/plan/verify_expr.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>

#include "runtime/plan/op_form.h"
#include "runtime/plan/plan_limits.h"

namespace omap {
namespace {

using Declared = Verification::Declared;
using Op = Expr::Op;

/// A literal that JSON can hold.
void verify_value(Verification& verification, const Value& value, const ExprSite& site, const Place& place,
                  std::size_t depth) {
  if (depth > PlanLimits::expression_depth) {
    verification.exceeds(site.range, place, "an expression is nested", PlanLimits::expression_depth, "deep");
    return;
  }
  if (const double* real = value.real(); real && !std::isfinite(*real)) {
    verification.malformed(site.range, place, "a literal is not finite");
  }
  if (const std::string* text = value.string()) verification.check_text(*text, site.range, place);
  if (const Value::List* list = value.list()) {
    for (const Value& item : *list) verify_value(verification, item, site, place, depth + 1);
  }
  if (const Value::Object* object = value.object()) {
    for (const auto& [name, member] : *object) {
      verification.check_text(name, site.range, place);
      verify_value(verification, member, site, place, depth + 1);
    }
  }
}

std::optional<Declared> named_by(Op op) {
  switch (op) {
    case Op::param:
      return Declared::param;
    case Op::index:
    case Op::index_list:
      return Declared::index;
    case Op::config:
    case Op::config_file:
    case Op::present_key:
    case Op::extent:
    case Op::count:
    case Op::dtype:
      return Declared::side;
    default:
      return std::nullopt;
  }
}

std::string_view kind_text(Declared kind) {
  switch (kind) {
    case Declared::param:
      return "param";
    case Declared::index:
      return "index";
    case Declared::side:
      return "side";
  }
  return {};
}

bool in_scope(const IndexScope& scope, const std::string& index) {
  return scope.all || std::find(scope.names.begin(), scope.names.end(), index) != scope.names.end();
}

void verify_name(Verification& verification, const Expr& expr, const ExprSite& site, const Place& place) {
  if (expr.op == Op::member) {
    verification.check_text(expr.name, site.range, place);
    if (expr.name.empty()) verification.malformed(site.range, place, "a member has no name");
    if (expr.name.size() > PlanLimits::name_length) {
      verification.exceeds(site.range, place, "a name has", PlanLimits::name_length, "bytes");
    }
    return;
  }
  const auto wanted = named_by(expr.op);
  if (!wanted) {
    if (!expr.name.empty()) verification.malformed(site.range, place, "`{}` takes no name", op_name(expr.op));
  } else if (verification.declared(expr.name) != wanted) {
    verification.check_text(expr.name, site.range, place);
    verification.malformed(site.range, place, "no {} is called `{}`", kind_text(*wanted), expr.name);
  } else if (expr.op == Op::index && !in_scope(site.scope, expr.name)) {
    verification.malformed(site.range, place, "the index `{}` has no value here", expr.name);
  }
}

/// A file in the directory itself: a plan reaches nowhere else.
void verify_file(Verification& verification, const Expr& expr, const ExprSite& site, const Place& place) {
  const std::string* file = expr.value.string();
  if (!file || !is_config_file(*file)) {
    verification.malformed(site.range, place, "a config is a file of the directory whose name ends in `.json`");
  }
}

void verify_operation(Verification& verification, const Expr& expr, const ExprSite& site, const Place& place) {
  const OpInfo& op = all_ops()[static_cast<std::size_t>(expr.op)];
  const std::size_t count = expr.args.size();
  if (count < op.min_args || (op.max_args != any_number_of_args && count > op.max_args)) {
    verification.malformed(site.range, place, "`{}` does not take {} args", op.name, count);
  }
  verify_name(verification, expr, site, place);
  if (op_form(expr.op) != OpForm::keyed && !expr.key.parts.empty()) {
    verification.malformed(site.range, place, "`{}` takes no key", op.name);
  }
  if (expr.op == Op::config_file) return verify_file(verification, expr, site, place);
  if (op_form(expr.op) != OpForm::literal && !expr.value.is_null()) {
    verification.malformed(site.range, place, "`{}` takes no value", op.name);
  }
}

/// What a part holds belongs to its kind.
void verify_part(Verification& verification, const KeyPart& part, KeyUse use, const ExprSite& site, const Place& place,
                 std::size_t depth) {
  verification.count_element(site.range, place);
  const bool has_expr = !(part.expr == Expr{});
  switch (part.kind) {
    case KeyPart::Kind::text:
      verification.check_text(part.text, site.range, place);
      break;
    case KeyPart::Kind::placeholder:
      verify_expr(verification, part.expr, site, place, depth);
      break;
    case KeyPart::Kind::alternatives:
      if (part.names.empty()) verification.malformed(site.range, place, "there are no alternatives");
      for (const std::string& name : part.names) {
        if (name.empty()) verification.malformed(site.range, place, "an alternative is empty");
        verification.check_text(name, site.range, place);
      }
      break;
    case KeyPart::Kind::any:
      if (use != KeyUse::counted) verification.malformed(site.range, place, "`{{_}}` stands only in `count`");
      break;
    case KeyPart::Kind::segment:
    case KeyPart::Kind::segments:
      if (use != KeyUse::pattern) verification.malformed(site.range, place, "wildcards stand only in `ignore`");
      break;
  }
  if ((part.kind != KeyPart::Kind::text && !part.text.empty()) ||
      (part.kind != KeyPart::Kind::placeholder && has_expr) ||
      (part.kind != KeyPart::Kind::alternatives && !part.names.empty())) {
    verification.malformed(site.range, place, "a part of a key holds what belongs to another kind");
  }
}

}  // namespace

void verify_expr(Verification& verification, const Expr& expr, const ExprSite& site, const Place& place,
                 std::size_t depth) {
  if (verification.full()) return;
  if (depth > PlanLimits::expression_depth) {
    verification.exceeds(site.range, place, "an expression is nested", PlanLimits::expression_depth, "deep");
    return;
  }
  verification.count_element(site.range, place);
  verify_operation(verification, expr, site, place);
  if (expr.op == Op::literal) verify_value(verification, expr.value, site, place, depth);

  const OpForm form = op_form(expr.op);
  if (form == OpForm::keyed) {
    const KeyUse use = expr.op == Op::count ? KeyUse::counted : KeyUse::tensor;
    verify_key(verification, expr.key, use, site, place.item(key_position), depth + 1);
  }
  for (std::size_t i = 0; i < expr.args.size(); ++i) {
    verify_expr(verification, expr.args[i], site, place.item(first_arg_position(form) + i), depth + 1);
  }
}

void verify_key(Verification& verification, const KeyTemplate& key, KeyUse use, const ExprSite& site,
                const Place& place, std::size_t depth) {
  if (key.parts.empty()) verification.malformed(site.range, place, "a key is empty");
  if (key.parts.size() > PlanLimits::key_parts) {
    verification.exceeds(site.range, place, "a key has", PlanLimits::key_parts, "parts");
    return;
  }
  std::size_t any = 0;
  std::size_t texts = 1;
  for (std::size_t i = 0; i < key.parts.size(); ++i) {
    verify_part(verification, key.parts[i], use, site, place.item(i), depth);
    if (key.parts[i].kind == KeyPart::Kind::alternatives && texts <= PlanLimits::key_texts) {
      texts *= key.parts[i].names.size();
    }
    if (key.parts[i].kind == KeyPart::Kind::any) ++any;
  }
  if (texts > PlanLimits::key_texts) {
    verification.exceeds(site.range, place, "a key has", PlanLimits::key_texts, "spellings by its alternatives");
  }
  if (use == KeyUse::counted && any != 1) {
    verification.malformed(site.range, place, "the key of `count` has one `{{_}}`, not {}", any);
  }
}

}  // namespace omap
