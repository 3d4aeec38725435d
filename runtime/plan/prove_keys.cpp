#include <algorithm>
#include <set>

#include "runtime/json/json.h"
#include "runtime/plan/prove_rules.h"

namespace omap {
namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Whether different values of an index give different values of a placeholder: `i`, `i + c`, `c + i`, `i - c`, `c -
/// i`.
bool injective(const Expr& expr) {
  if (expr.op == Expr::Op::index) return true;
  if (expr.op != Expr::Op::add && expr.op != Expr::Op::subtract) return false;
  std::size_t varying = 0;
  for (const Expr& arg : expr.args) {
    bool has_index = false;
    for_each_expr(arg, [&](const Expr& e) { has_index = has_index || e.op == Expr::Op::index; });
    if (has_index && !injective(arg)) return false;
    varying += has_index ? 1 : 0;
  }
  return varying == 1;
}

bool varies(const KeyPart& part) {
  bool found = false;
  if (part.kind == KeyPart::Kind::placeholder) {
    for_each_expr(part.expr, [&](const Expr& e) { found = found || e.op == Expr::Op::index; });
  }
  return found;
}

bool only_digits(const std::string& text) {
  return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// Whether the number before it could have swallowed it.
bool may_be_digits(const KeyPart& part) {
  switch (part.kind) {
    case KeyPart::Kind::text:
      return only_digits(part.text);
    case KeyPart::Kind::alternatives:
      return std::ranges::any_of(part.names, only_digits);
    default:
      return true;
  }
}

bool prove_key(const Term& term, Diagnostics& diagnostics) {
  bool previous = false;
  for (const KeyPart& part : term.key.parts) {
    const bool varying = varies(part);
    if (varying && !injective(part.expr)) {
      diagnostics.push_back(Diagnostic(Code::index_not_in_key, term.range,
                                       "`{{{}}}` may be the same for two values of its index", to_text(part.expr))
                                .help("in a key an index stands alone, or with a constant added: `{{layer + 1}}`"));
      return false;
    }
    if (varying && previous) {
      diagnostics.push_back(Diagnostic(Code::index_not_in_key, term.range,
                                       "two placeholders touch in `{}`: 1 and 11 read as 11 and 1 do",
                                       to_text(term.key))
                                .help("put a character between them that is no digit"));
      return false;
    }
    previous = varying || (previous && may_be_digits(part));
  }
  return true;
}

/// Without shapes an index can only be a loop: it has to stand in both keys.
bool prove_loops(const Plan& plan, const Rule& rule, Diagnostics& diagnostics) {
  if (has_shapes(rule) || rule.left.size() != 1 || rule.right.size() != 1) return true;
  const auto left = indexes_of(plan, rule.left.front().key);
  const auto right = indexes_of(plan, rule.right.front().key);
  for (const bool at_left : {true, false}) {
    for (const std::string& index : at_left ? left : right) {
      if (contains(at_left ? right : left, index)) continue;
      const Term& without = at_left ? rule.right.front() : rule.left.front();
      const Term& with = at_left ? rule.left.front() : rule.right.front();
      diagnostics.push_back(
          Diagnostic(Code::index_not_in_key, without.range, "`{}` is the same for every `{}`", to_text(without.key),
                     index)
              .label("`{{{}}}` is missing", index)
              .also(with.range, "this key has it")
              .help("put `{{{}}}` into both keys, or give shapes in which `{}` is an axis: `[{} ...]`", index, index,
                    index));
      return false;
    }
  }
  return true;
}

/// A value that a list, as far as it is written out, holds twice.
const Value* value_twice(const Expr& list) {
  std::vector<const Value*> values;
  if (const Value::List* items = list.op == Expr::Op::literal ? list.value.list() : nullptr) {
    for (const Value& item : *items) values.push_back(&item);
  } else if (list.op == Expr::Op::list) {
    for (const Expr& item : list.args) {
      if (item.op == Expr::Op::literal) values.push_back(&item.value);
    }
  }
  std::set<std::string> seen;
  const auto twice =
      std::ranges::find_if(values, [&](const Value* value) { return !seen.insert(dump_json(*value)).second; });
  return twice == values.end() ? nullptr : *twice;
}

}  // namespace

bool prove_indexes(const Plan& plan, Diagnostics& diagnostics) {
  bool all = true;
  for (const Index& index : plan.indexes) {
    const Value* twice = value_twice(index.list);
    if (!twice) continue;
    diagnostics.push_back(Diagnostic(Code::index_not_in_key, index.range, "index `{}` has the value {} twice",
                                     index.name, dump_json(*twice))
                              .label("both would be one key")
                              .help("write each value once"));
    all = false;
  }
  return all;
}

bool prove_keys(const Plan& plan, const Rule& rule, Diagnostics& diagnostics) {
  for (const auto* side : {&rule.left, &rule.right}) {
    for (const Term& term : *side) {
      if (!prove_key(term, diagnostics)) return false;
    }
  }
  return prove_loops(plan, rule, diagnostics);
}

}  // namespace omap
