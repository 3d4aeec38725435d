#include "runtime/templates/template_names.h"

#include <algorithm>

#include "runtime/plan/spelling.h"

namespace omap {
namespace {

Expr number(std::int64_t value) {
  Expr expr;
  expr.value = Value(value);
  return expr;
}
Expr param(std::string name) {
  Expr expr;
  expr.op = Expr::Op::param;
  expr.name = std::move(name);
  return expr;
}

Index counted(std::string name, const std::string& bound) {
  Index index;
  index.name = std::move(name);
  index.list.op = Expr::Op::range;
  index.list.args = {number(0), param(bound)};
  return index;
}

/// `n_expert / 4` as a word: `n_expert_over_4`.
std::string word_of(const Expr& extent) {
  std::string word;
  for (const char c : to_text(extent)) {
    if (c == '/') word += "over";
    if (is_word_character(c)) word += c;
    if (c == ' ') word += '_';
  }
  return is_word(word) ? word : "n" + word;
}

const std::string& second_of(const std::vector<std::pair<std::string, std::string>>& pairs, std::string_view first) {
  return std::find_if(pairs.begin(), pairs.end(), [&](const auto& pair) { return pair.first == first; })->second;
}

}  // namespace

TemplateNames::TemplateNames(Plan& plan, const std::vector<std::string>& placeholders) : plan_(plan) {
  names_ = {plan.left.name, plan.right.name};
  names_.insert(placeholders.begin(), placeholders.end());
  for (const std::string& placeholder : placeholders) {
    const std::string bound = unused("n_" + placeholder);
    bounds_.emplace_back(placeholder, bound);
    Param declared;
    declared.name = bound;
    declared.type = ParamType::integer;
    plan.params.push_back(std::move(declared));
    plan.indexes.push_back(counted(placeholder, bound));
  }
}

const std::string& TemplateNames::bound(std::string_view placeholder) const { return second_of(bounds_, placeholder); }

std::string TemplateNames::second_index(std::string_view placeholder) {
  const bool known = std::any_of(second_.begin(), second_.end(), [&](const auto& p) { return p.first == placeholder; });
  if (!known) {
    const std::string name = unused(std::string(placeholder));
    second_.emplace_back(placeholder, name);
    plan_.indexes.push_back(counted(name, bound(placeholder)));
  }
  return second_of(second_, placeholder);
}

void TemplateNames::begin_rule() {
  in_rule_.clear();
  axes_ = 0;
}

std::string TemplateNames::fresh_axis() {
  while (true) {
    const std::size_t turn = axes_ / 26;
    std::string name(1, static_cast<char>('a' + axes_ % 26));
    if (turn > 0) name += std::to_string(turn);
    ++axes_;
    if (!names_.contains(name)) return name;
  }
}

std::string TemplateNames::axis_of(const Expr& extent) {
  if (extent.op == Expr::Op::param && in_rule_.insert(extent.name).second) return extent.name;
  for (const auto& [value, name] : computed_) {
    if (value == extent && in_rule_.insert(name).second) return name;
  }
  Param declared;
  declared.name = unused(word_of(extent));
  declared.type = ParamType::integer;
  declared.value = extent;
  plan_.params.push_back(declared);
  computed_.emplace_back(extent, declared.name);
  in_rule_.insert(declared.name);
  return declared.name;
}

std::string TemplateNames::unused(std::string name) {
  const std::string stem = name;
  for (std::size_t i = 2; !names_.insert(name).second; ++i) name = stem + "_" + std::to_string(i);
  return name;
}

std::string_view bound_param(const Plan& plan, std::string_view index) {
  const Index* found = plan.find_index(index);
  if (!found || found->when || found->list.op != Expr::Op::range) return {};
  const Expr& from = found->list.args[0];
  const Expr& to = found->list.args[1];
  const bool from_zero = from.op == Expr::Op::literal && from.value == Value(std::int64_t{0});
  return from_zero && to.op == Expr::Op::param ? std::string_view(plan.find_param(to.name)->name) : std::string_view{};
}

}  // namespace omap
