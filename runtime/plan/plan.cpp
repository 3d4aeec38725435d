#include "runtime/plan/plan.h"

#include <fmt/format.h>

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

/// In the order of ValueOp::Kind.
constexpr std::array<std::string_view, 4> value_op_signs{"+", "-", "*", "/"};

/// As the grammar reads it: an integer without a point.
std::string number_text(double number) { return fmt::format("{}", number); }

using Names = std::vector<std::string_view>;

bool contains(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Of a key, or of an expression.
template <class Node>
Names index_names(const Node& node) {
  Names names;
  for_each_expr(node, [&](const Expr& expr) {
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

bool is_base(const Plan& plan) {
  return std::ranges::any_of(plan.requirements, [](const Requirement& requirement) {
    return requirement.condition.op == Expr::Op::literal && requirement.condition.value == Value(false);
  });
}

SourceRange Plan::statement_range(std::uint32_t number) const {
  return number < rules.size() ? rules[number].range : sames[number - rules.size()].range;
}

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
  std::optional<Names> shared;
  for (const auto* terms : {&rule.left, &rule.right}) {
    for (const Term& term : *terms) {
      if (!term.is_tensor()) continue;
      const Names names = index_names(term.key);
      if (!shared) shared = names;
      std::erase_if(*shared, [&](std::string_view name) { return !contains(names, name); });
      if (shared->empty()) return {};
    }
  }
  return shared ? in_order_of(plan.indexes, *shared) : std::vector<std::string>();
}

std::vector<std::string> indexes_of(const Plan& plan, const KeyTemplate& key) {
  return in_order_of(plan.indexes, index_names(key));
}

std::vector<std::string> indexes_of(const Plan& plan, const Expr& expr) {
  return in_order_of(plan.indexes, index_names(expr));
}

std::vector<std::string> config_indexes(const Plan& plan, const ConfigLine& line) {
  Names names = index_names(line.left);
  if (line.kind == ConfigLine::Kind::equation) {
    for (const std::string_view name : index_names(*line.right)) {
      if (!contains(names, name)) names.push_back(name);
    }
  }
  return in_order_of(plan.indexes, names);
}

std::string to_text(const Term& term) {
  std::string text = term.fill ? fmt::format("fill {}", number_text(*term.fill)) : to_text(term.key);
  if (term.shape) text += "[" + to_text(*term.shape) + "]";
  for (const ValueOp& op : term.ops) {
    text += fmt::format(" {} ", op_sign(op.kind));
    if (const double* number = std::get_if<double>(&op.operand)) {
      text += number_text(*number);
    } else if (const std::string* param = std::get_if<std::string>(&op.operand)) {
      text += *param;
    } else {
      const Operand& operand = std::get<Operand>(op.operand);
      text += to_text(operand.key) + "[" + to_text(operand.shape) + "]";
    }
  }
  if (term.as) text += " as " + (term.as->value.string() ? *term.as->value.string() : term.as->name);
  return text;
}

std::string_view op_sign(ValueOp::Kind kind) { return value_op_signs[static_cast<std::size_t>(kind)]; }

std::optional<ValueOp::Kind> value_op_from_sign(std::string_view sign) {
  const auto* const found = std::ranges::find(value_op_signs, sign);
  if (found == value_op_signs.end()) return std::nullopt;
  return static_cast<ValueOp::Kind>(found - value_op_signs.begin());
}

bool has_shapes(const Rule& rule) {
  const auto shaped = [](const Term& term) { return term.shape.has_value(); };
  return std::ranges::any_of(rule.left, shaped) || std::ranges::any_of(rule.right, shaped);
}

std::vector<const Operand*> operands_of(const Term& term) {
  std::vector<const Operand*> operands;
  for (const ValueOp& op : term.ops) {
    if (const auto* operand = std::get_if<Operand>(&op.operand)) operands.push_back(operand);
  }
  return operands;
}

bool is_inexact(const Rule& rule) {
  const auto rounds = [](const Term& term) { return !term.ops.empty() || term.as.has_value(); };
  const auto fills = [](const Term& term) { return !term.is_tensor(); };
  if (std::ranges::any_of(rule.left, fills) || std::ranges::any_of(rule.right, fills)) return false;
  return std::ranges::any_of(rule.left, rounds) || std::ranges::any_of(rule.right, rounds);
}

std::optional<ConfigRoot> config_root(const Expr& path) {
  const Expr* root = &path;
  while ((root->op == Expr::Op::member || root->op == Expr::Op::item) && !root->args.empty()) root = &root->args[0];
  if (root->op == Expr::Op::config) return ConfigRoot{root->name, default_config_file};
  if (root->op == Expr::Op::config_file && root->value.string()) return ConfigRoot{root->name, *root->value.string()};
  return std::nullopt;
}

}  // namespace omap
