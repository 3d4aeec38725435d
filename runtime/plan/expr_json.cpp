#include "runtime/plan/expr_json.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/plan/op_form.h"

namespace omap {
namespace {

// What a list in a key begins with if it is no placeholder. No operation has such a name.
constexpr std::string_view alternatives_tag = "one of";
constexpr std::string_view any_tag = "any";
constexpr std::string_view segment_tag = "segment";
constexpr std::string_view segments_tag = "segments";

Value part_to_json(const KeyPart& part) {
  switch (part.kind) {
    case KeyPart::Kind::text:
      return part.text;
    case KeyPart::Kind::any:
      return Value::List{any_tag};
    case KeyPart::Kind::segment:
      return Value::List{segment_tag};
    case KeyPart::Kind::segments:
      return Value::List{segments_tag};
    case KeyPart::Kind::placeholder: {
      Value expr = expr_to_json(part.expr);
      if (expr.list()) return expr;
      return Value::List{op_name(Expr::Op::literal), std::move(expr)};
    }
    case KeyPart::Kind::alternatives: {
      Value::List all{alternatives_tag};
      all.insert(all.end(), part.names.begin(), part.names.end());
      return all;
    }
  }
  return nullptr;
}

KeyPart plain_part(KeyPart::Kind kind) {
  KeyPart part;
  part.kind = kind;
  return part;
}

KeyPart part_from_json(const JsonNode& node) {
  node.count_element();
  if (const std::string* text = node.value().string()) {
    KeyPart part;
    part.text = *text;
    return part;
  }
  const std::string tag = node.item(0).string();
  if (tag == alternatives_tag) {
    KeyPart part = plain_part(KeyPart::Kind::alternatives);
    part.names = node.each(1, [](const JsonNode& name) { return name.string(); });
    return part;
  }
  for (const auto& [name, kind] : {std::pair(any_tag, KeyPart::Kind::any),
                                   {segment_tag, KeyPart::Kind::segment},
                                   {segments_tag, KeyPart::Kind::segments}}) {
    if (tag != name) continue;
    node.has_size(1);
    return plain_part(kind);
  }
  KeyPart part = plain_part(KeyPart::Kind::placeholder);
  part.expr = expr_from_json(node);
  return part;
}

/// The rest of an operation: what its form says stands behind its name.
void read_operation(const JsonNode& node, Expr& expr) {
  const OpForm form = op_form(expr.op);
  switch (form) {
    case OpForm::literal:
      if (node.has_size(2)) expr.value = node.item(1).value();
      return;
    case OpForm::named:
      if (node.has_size(2)) expr.name = node.item(1).string();
      return;
    case OpForm::file:
      if (!node.has_size(3)) return;
      expr.name = node.item(1).string();
      expr.value = node.item(2).string();
      return;
    case OpForm::member:
      if (!node.has_size(3)) return;
      expr.args.push_back(expr_from_json(node.item(1)));
      expr.name = node.item(2).string();
      return;
    case OpForm::keyed:
      expr.name = node.item(1).string();
      expr.key = key_from_json(node.item(key_position));
      break;
    case OpForm::plain:
      break;
  }
  expr.args = node.each(first_arg_position(form), expr_from_json);
}

}  // namespace

Value canonical(Value value) {
  if (const Value::List* list = value.list()) {
    Value::List all;
    for (const Value& item : *list) all.push_back(canonical(item));
    return all;
  }
  if (const Value::Object* object = value.object()) {
    Value::Object all;
    for (const auto& [name, member] : *object) all.emplace_back(name, canonical(member));
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    return all;
  }
  return value;
}

Value expr_to_json(const Expr& expr) {
  const OpForm form = op_form(expr.op);
  if (form == OpForm::literal && !expr.value.list() && !expr.value.object()) return expr.value;
  Value::List all{op_name(expr.op)};
  if (form == OpForm::literal) all.push_back(canonical(expr.value));
  if (form == OpForm::named || form == OpForm::keyed || form == OpForm::file) all.emplace_back(expr.name);
  if (form == OpForm::file) all.push_back(expr.value);
  if (form == OpForm::keyed) all.push_back(key_to_json(expr.key));
  for (const Expr& arg : expr.args) all.push_back(expr_to_json(arg));
  if (form == OpForm::member) all.emplace_back(expr.name);
  return all;
}

Value key_to_json(const KeyTemplate& key) {
  Value::List parts;
  for (const KeyPart& part : key.parts) parts.push_back(part_to_json(part));
  return parts;
}

Expr expr_from_json(const JsonNode& node) {
  Expr expr;
  node.count_element();
  if (node.failed()) return expr;
  if (node.value().object()) node.refuse(Code::plan_malformed, "an expression is wanted, not an object");
  if (!node.value().list()) {
    expr.value = node.value();
    return expr;
  }
  const std::string name = node.item(0).string();
  const auto ops = all_ops();
  const auto op = std::find_if(ops.begin(), ops.end(), [&](const OpInfo& info) { return info.name == name; });
  if (op == ops.end()) {
    node.refuse(Code::plan_malformed, "`{}` is no operation", name);
    return expr;
  }
  expr.op = op->op;
  read_operation(node, expr);
  return expr;
}

KeyTemplate key_from_json(const JsonNode& node) { return {node.each(0, part_from_json)}; }

}  // namespace omap
