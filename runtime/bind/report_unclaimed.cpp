#include "runtime/bind/report_unclaimed.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "diagnostics/nearest.h"
#include "runtime/bind/offered_params.h"
#include "runtime/checkpoint/key_pattern.h"
#include "runtime/plan/standard_plan.h"

namespace omap {
namespace {

/// Groups of keys that are listed one by one.
constexpr std::size_t shown_groups = 20;

/// `` `a.{0..3}.b` (4 keys), `c` ``
std::string list_groups(const std::vector<FoldedKeys>& groups) {
  constexpr std::size_t shown = 3;
  std::string text;
  for (std::size_t i = 0; i < groups.size() && i < shown; ++i) {
    text += fmt::format("{}`{}`", i == 0 ? "" : ", ", groups[i].pattern);
    if (groups[i].count > 1) text += fmt::format(" ({} keys)", groups[i].count);
  }
  if (groups.size() > shown) text += fmt::format(" and {} more", groups.size() - shown);
  return text;
}

/// A key of a group: the first number of each `{0..3}`.
std::string first_key(std::string_view pattern) {
  std::string key;
  bool inside = false, taken = false;
  for (const char c : pattern) {
    if (c == '{' || c == '}') {
      inside = c == '{';
      taken = false;
    } else if (!inside) {
      key += c;
    } else {
      taken = taken || c < '0' || c > '9';
      if (!taken) key += c;
    }
  }
  return key;
}

/// A key with its numbers taken out: what it would be called in any layer.
std::string without_numbers(std::string_view key) {
  std::string text;
  for (const char c : key) {
    if (c < '0' || c > '9') {
      text += c;
    } else if (text.empty() || text.back() != '#') {
      text += '#';
    }
  }
  return text;
}

/// A term of a rule that reads this direction's source, whatever number its indexes have.
struct OpenTerm {
  const Rule* rule;
  KeyMatcher matcher;
  std::string shape;
  std::vector<std::string> indexes;  ///< those over ints, as they stand in the key
};

/// The indexes that run over ints, one for each place of a key where an open matcher takes any number.
std::vector<std::string> int_indexes(const Plan& plan, const KeyTemplate& key, Environment& environment) {
  std::vector<std::string> names;
  for (const KeyPart& part : key.parts) {
    if (part.kind != KeyPart::Kind::placeholder) continue;
    for (const std::string& name : indexes_of(plan, part.expr)) {
      const auto& values = environment.index_values(name);
      if (!values || values->empty() || values->front().integer()) names.push_back(name);
    }
  }
  return names;
}

/// The index of a term that does not have the number which stands in a key in its place; of several that all have
/// theirs, it is a condition that keeps the rule from it, and the first is named.
const std::string* index_left(const OpenTerm& term, std::string_view key, Environment& environment) {
  const auto numbers = term.matcher.match(key);
  if (!numbers || term.indexes.empty()) return nullptr;
  for (std::size_t i = 0; i < term.indexes.size() && i < numbers->size(); ++i) {
    const auto& values = environment.index_values(term.indexes[i]);
    if (values && std::ranges::find(*values, Value((*numbers)[i])) == values->end()) return &term.indexes[i];
  }
  return &term.indexes.front();
}

std::vector<OpenTerm> open_terms(const Plan& plan, Direction direction, Environment& environment) {
  std::vector<OpenTerm> terms;
  for (const Rule& rule : plan.rules) {
    if (!rule.runs(direction)) continue;
    for (const Term& term : rule.sources(direction)) {
      if (!term.is_tensor()) continue;
      auto matcher = environment.open_matcher(term.key);
      if (!matcher) continue;
      std::string shape;
      for (const KeyPart& part : term.key.parts) {
        if (part.kind == KeyPart::Kind::text) shape += without_numbers(part.text);
        if (part.kind == KeyPart::Kind::placeholder) shape += '#';
        if (part.kind == KeyPart::Kind::alternatives) shape += part.names.front();
      }
      terms.push_back({&rule, std::move(*matcher), std::move(shape), int_indexes(plan, term.key, environment)});
    }
  }
  return terms;
}

/// `` : `--set n_layers=VALUE` ``, of the params that the range is made of.
std::string settings_in(const Plan& plan, const Index& index) {
  std::string text;
  for_each_expr(index.list, [&](const Expr& expr) {
    const Param* param = expr.op == Expr::Op::param ? plan.find_param(expr.name) : nullptr;
    if (!param || (is_standard(plan) && !is_offered(plan, *param))) return;
    text += fmt::format("{}`--set {}=VALUE`", text.empty() ? ": " : ", ", expr.name);
  });
  return text;
}

struct OutOfRange {
  const Rule* rule = nullptr;
  std::vector<FoldedKeys> groups;
};

Diagnostic out_of_range(const Plan& plan, Direction direction, const std::string& index, const OutOfRange& found,
                        Environment& environment) {
  const std::size_t keys = found.groups.size() == 1 ? found.groups.front().count : 2;
  Diagnostic diagnostic(Code::source_unclaimed, found.rule->range, "{} {} in `{}`, outside the range of `{}`",
                        list_groups(found.groups), keys == 1 ? "is" : "are", plan.source_side(direction).name, index);
  diagnostic.primary.text = "this rule reads such keys, as far as its index and its condition go";
  const auto& values = environment.index_values(index);
  const Index* declaration = plan.find_index(index);
  if (values && !values->empty() && values->front().integer()) {
    diagnostic.secondary.push_back(
        {declaration->range,
         fmt::format("`{}` runs from {} to {}", index, *values->front().integer(), *values->back().integer())});
  } else {
    diagnostic.secondary.push_back({declaration->range, fmt::format("`{}` runs over this", index)});
  }
  diagnostic.helps.push_back(
      fmt::format("make the range of `{}` what the checkpoint holds{}", index, settings_in(plan, *declaration)));
  return diagnostic;
}

Diagnostic unread(const Plan& plan, Direction direction, const FoldedKeys& group, const std::vector<OpenTerm>& terms) {
  const std::string& side = plan.source_side(direction).name;
  Diagnostic diagnostic(Code::source_unclaimed, "{} {} in `{}`, and no rule reads {}", list_groups({group}),
                        group.count == 1 ? "is" : "are", side, group.count == 1 ? "it" : "them");
  std::vector<std::string> shapes;
  for (const OpenTerm& term : terms) shapes.push_back(term.shape);
  if (const auto near = nearest(without_numbers(first_key(group.pattern)), shapes)) {
    for (const OpenTerm& term : terms) {
      if (term.shape == *near) diagnostic.primary = {term.rule->range, "the rule with the nearest key"};
    }
  }
  if (is_standard(plan)) {
    diagnostic.helps.push_back(fmt::format(
        "begin a mapping that extends `{}` by it: `olmoc new --like MAPPING --from {}=PATH`", plan.name, side));
    return diagnostic;
  }
  if (group.pattern.empty()) {
    diagnostic.helps.push_back(
        fmt::format("no mapping can write an empty key: give the tensor of `{}` a name first", side));
    return diagnostic;
  }
  std::string pattern;
  bool inside = false;
  for (const char c : group.pattern) {
    if (c == '{') pattern += '*';
    inside = c == '{' || (inside && c != '}');
    if (!inside && c != '}') pattern += c;
  }
  diagnostic.helps.push_back(fmt::format("read {} with a rule, or leave {} out on purpose: `ignore {}:{}`",
                                         group.count == 1 ? "it" : "them", group.count == 1 ? "it" : "them", side,
                                         pattern));
  return diagnostic;
}

}  // namespace

std::string list_keys(const std::vector<std::string>& keys) { return list_groups(fold_keys(keys)); }

Diagnostics report_unclaimed(const Plan& plan, Direction direction, const std::vector<std::string>& unclaimed,
                             Environment& environment) {
  Diagnostics diagnostics;
  if (unclaimed.empty()) return diagnostics;
  const auto terms = open_terms(plan, direction, environment);
  std::map<std::string, OutOfRange> by_index;
  std::vector<FoldedKeys> others;
  for (FoldedKeys& group : fold_keys(unclaimed)) {
    const std::string key = first_key(group.pattern);
    const OpenTerm* reader = nullptr;
    const std::string* index = nullptr;
    for (const OpenTerm& term : terms) {
      if (!index && (index = index_left(term, key, environment))) reader = &term;
    }
    if (!reader) {
      others.push_back(std::move(group));
      continue;
    }
    OutOfRange& found = by_index[*index];
    if (!found.rule) found.rule = reader->rule;
    found.groups.push_back(std::move(group));
  }
  for (const auto& [index, found] : by_index)
    diagnostics.push_back(out_of_range(plan, direction, index, found, environment));
  for (std::size_t i = 0; i < others.size() && i < shown_groups; ++i)
    diagnostics.push_back(unread(plan, direction, others[i], terms));
  if (others.size() > shown_groups) {
    diagnostics.push_back(Diagnostic(Code::source_unclaimed, "{} more groups of keys of `{}` are read by no rule",
                                     others.size() - shown_groups, plan.source_side(direction).name)
                              .help("does this mapping belong to this checkpoint?"));
  }
  return diagnostics;
}

}  // namespace omap
