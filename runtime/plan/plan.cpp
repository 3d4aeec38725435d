#include "runtime/plan/plan.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace omap {
namespace {

constexpr std::array<std::pair<ParamType, std::string_view>, 6> param_types{{
    {ParamType::integer, "int"},
    {ParamType::real, "float"},
    {ParamType::boolean, "bool"},
    {ParamType::string, "string"},
    {ParamType::dtype, "dtype"},
    {ParamType::config, "config"},
}};

using Names = std::vector<std::string_view>;

bool contains(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Names index_names(const KeyTemplate& key) {
  Names names;
  for_each_expr(key, [&](const Expr& expr) {
    if (expr.op == Expr::Op::index && !contains(names, expr.name)) names.push_back(expr.name);
  });
  return names;
}

std::vector<std::string> in_order_of(const std::vector<Index>& indexes, const Names& names) {
  std::vector<std::string> ordered;
  if (names.empty()) return ordered;
  for (const Index& index : indexes) {
    if (contains(names, index.name)) ordered.push_back(index.name);
    if (ordered.size() == names.size()) break;
  }
  return ordered;
}

template <class Named>
const Named* find_by_name(const std::vector<Named>& all, std::string_view name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Named& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace

const Param* Plan::find_param(std::string_view wanted) const { return find_by_name(params, wanted); }
const Index* Plan::find_index(std::string_view wanted) const { return find_by_name(indexes, wanted); }

std::string_view to_text(ParamType type) {
  for (const auto& [known, text] : param_types) {
    if (known == type) return text;
  }
  return {};
}

std::optional<ParamType> param_type_from_text(std::string_view text) {
  for (const auto& [type, known] : param_types) {
    if (known == text) return type;
  }
  return std::nullopt;
}

std::vector<std::string> loop_indexes(const Plan& plan, const Rule& rule) {
  if (rule.left.empty()) return {};
  Names shared = index_names(rule.left.front().key);
  for (const auto* terms : {&rule.left, &rule.right}) {
    for (const Term& term : *terms) {
      if (shared.empty()) return {};
      const Names names = index_names(term.key);
      std::erase_if(shared, [&](std::string_view name) { return !contains(names, name); });
    }
  }
  return in_order_of(plan.indexes, shared);
}

std::vector<std::string> indexes_of(const Plan& plan, const KeyTemplate& key) {
  return in_order_of(plan.indexes, index_names(key));
}

}  // namespace omap
