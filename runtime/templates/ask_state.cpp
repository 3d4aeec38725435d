#include "runtime/templates/ask_state.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "runtime/templates/template_key.h"

namespace omap {
namespace {

KeyPart text(std::string text) {
  KeyPart part;
  part.text = std::move(text);
  return part;
}

Expr integer(std::int64_t value) {
  Expr expr;
  expr.value = Value(value);
  return expr;
}
Expr operation(Expr::Op op, std::vector<Expr> args) {
  Expr expr;
  expr.op = op;
  expr.args = std::move(args);
  return expr;
}
/// Of one operand the operand itself.
Expr joined(Expr::Op op, std::vector<Expr> args) {
  return args.size() == 1 ? std::move(args.front()) : operation(op, std::move(args));
}
/// Balanced: however many they are, they are not deep.
Expr any_of(std::span<const Expr> conditions) {
  if (conditions.size() == 1) return conditions.front();
  const std::size_t half = conditions.size() / 2;
  return operation(Expr::Op::logical_or, {any_of(conditions.first(half)), any_of(conditions.subspan(half))});
}
Expr about_key(Expr::Op op, const std::string& side, KeyTemplate key) {
  Expr expr;
  expr.op = op;
  expr.name = side;
  expr.key = std::move(key);
  return expr;
}

bool is(const std::optional<std::string>& placeholder, std::string_view name) {
  return placeholder && placeholder_name(*placeholder) == name;
}

bool needs_bound(const StateMappingTemplate& mapping, const std::string& placeholder) {
  if (is(mapping.source_key_per_placeholder, placeholder) || is(mapping.dest_key_per_placeholder, placeholder)) {
    return true;
  }
  if (!mapping.unflatten_dim) return false;
  const auto& shape = mapping.unflatten_dim->shape;
  return std::any_of(shape.begin(), shape.end(), [&](const auto& size) {
    const auto* text = std::get_if<std::string>(&size);
    return text && placeholder_name(*text) == placeholder;
  });
}

/// A key that has the placeholder once, with any number there.
std::optional<Expr> count_in(const std::string& key, const std::string& placeholder, const std::string& side) {
  std::size_t times = 0;
  KeyTemplate pattern = key_template(key, [&](const std::string& name) {
    if (name != placeholder) return text("0");
    ++times;
    KeyPart any;
    any.kind = KeyPart::Kind::any;
    return any;
  });
  if (times != 1) return std::nullopt;
  return about_key(Expr::Op::count, side, std::move(pattern));
}

/// Weights first: a state is mostly one of those.
std::vector<Expr> counts_of(std::span<const StateMappingTemplate> templates, const std::string& placeholder,
                            const std::string& side) {
  std::vector<Expr> counts;
  for (const StateType type : {StateType::weight, StateType::module}) {
    for (const StateMappingTemplate& mapping : templates) {
      if (mapping.state_type != type) continue;
      for (const std::string& key : mapping.source_template_keys.all()) {
        auto count = count_in(key, placeholder, side);
        if (!count || std::find(counts.begin(), counts.end(), *count) != counts.end()) continue;
        counts.push_back(std::move(*count));
      }
    }
  }
  return counts;
}

Expr uncounted(std::span<const StateMappingTemplate> templates, const std::string& placeholder,
               const std::string& side) {
  std::vector<Expr> needed;
  for (const StateMappingTemplate& mapping : templates) {
    if (mapping.state_type == StateType::weight && needs_bound(mapping, placeholder)) {
      needed.push_back(is_there(mapping, side, Absence::whole));
    }
  }
  if (needed.empty()) return integer(0);
  Expr nothing;
  nothing.value = Value(Value::List{});
  return operation(Expr::Op::conditional,
                   {any_of(needed), operation(Expr::Op::first, {std::move(nothing)}), integer(0)});
}

}  // namespace

Expr is_there(const StateMappingTemplate& mapping, const std::string& side, Absence absence) {
  std::vector<Expr> present;
  for (const std::string& key : mapping.source_template_keys.all()) {
    KeyTemplate first = key_template(key, [&](const std::string& name) {
      if (absence == Absence::whole || is(mapping.source_key_per_placeholder, name)) return text("0");
      KeyPart index;
      index.kind = KeyPart::Kind::placeholder;
      index.expr.op = Expr::Op::index;
      index.expr.name = name;
      return index;
    });
    present.push_back(about_key(Expr::Op::present_key, side, std::move(first)));
  }
  return any_of(present);
}

Expr counted_bound(std::span<const StateMappingTemplate> templates, const std::string& placeholder,
                   const std::string& side, Absence absence) {
  std::vector<Expr> counts = counts_of(templates, placeholder, side);
  if (absence == Absence::by_value && !counts.empty()) {
    for (Expr& count : counts) count = operation(Expr::Op::coalesce, {std::move(count), integer(0)});
    return joined(Expr::Op::max, std::move(counts));
  }
  counts.push_back(uncounted(templates, placeholder, side));
  return joined(Expr::Op::coalesce, std::move(counts));
}

}  // namespace omap
