#include "runtime/plan/sorts.h"

#include <algorithm>

namespace omap {
namespace {

using Op = Expr::Op;

Sort sort_of(const Value& value) {
  if (value.integer()) return Sort::integer;
  if (value.string()) return Sort::text;
  return value.boolean() ? Sort::boolean : Sort::unknown;
}

Sort sort_of(ParamType type) {
  switch (type) {
    case ParamType::integer:
      return Sort::integer;
    case ParamType::boolean:
      return Sort::boolean;
    case ParamType::string:
    case ParamType::dtype:
      return Sort::text;
    case ParamType::real:
    case ParamType::config:
      break;
  }
  return Sort::unknown;
}

Sort common(Sort a, Sort b) { return a == b ? a : Sort::unknown; }

}  // namespace

std::string_view declared_name(std::string_view occurrence) { return occurrence.substr(0, occurrence.find('@')); }
std::string occurrence(std::string_view index, std::size_t copy) {
  return std::string(index) + "@" + std::to_string(copy);
}

Sorts::Sorts(const Plan& plan) : plan_(plan) {
  for (const Param& param : plan.params) params_.emplace(param.name, &param);
  for (const Index& index : plan.indexes) indexes_.emplace(index.name, &index);
  // An index may run over another one that is declared later: a sort that is not known in so many rounds is not
  // worth more.
  constexpr int rounds = 4;
  for (int round = 0; round < rounds; ++round) {
    for (const Index& index : plan.indexes) {
      Sort& known = index_sorts_.try_emplace(index.name, Sort::unknown).first->second;
      if (known == Sort::unknown) known = of_elements(index.list);
    }
  }
}

const Index* Sorts::index(std::string_view name) const {
  const auto found = indexes_.find(declared_name(name));
  return found == indexes_.end() ? nullptr : found->second;
}
const Param* Sorts::param(std::string_view name) const {
  const auto found = params_.find(name);
  return found == params_.end() ? nullptr : found->second;
}

Sort Sorts::of(const Expr& expr) const {
  switch (expr.op) {
    case Op::literal:
      return sort_of(expr.value);
    case Op::param: {
      const Param* declared = param(expr.name);
      return declared && !declared->list && declared->index.empty() ? sort_of(declared->type) : Sort::unknown;
    }
    case Op::index: {
      const auto known = index_sorts_.find(declared_name(expr.name));
      return known == index_sorts_.end() ? Sort::unknown : known->second;
    }
    case Op::len:
    case Op::extent:
    case Op::count:
    case Op::to_int:
    case Op::ceildiv:
      return Sort::integer;
    case Op::negate:
      return of(expr.args[0]) == Sort::integer ? Sort::integer : Sort::unknown;
    case Op::add:
    case Op::subtract:
    case Op::multiply:
    case Op::divide:
    case Op::modulo:
      return of(expr.args[0]) == Sort::integer && of(expr.args[1]) == Sort::integer ? Sort::integer : Sort::unknown;
    case Op::conditional:
      return common(of(expr.args[1]), of(expr.args[2]));
    case Op::coalesce: {
      Sort all = of(expr.args.front());
      for (const Expr& arg : expr.args) all = common(all, of(arg));
      return all;
    }
    case Op::first:
      return of_elements(expr.args[0]);
    case Op::min:
    case Op::max:
      if (expr.args.size() == 1) return of_elements(expr.args[0]);
      return std::all_of(expr.args.begin(), expr.args.end(), [&](const Expr& a) { return of(a) == Sort::integer; })
                 ? Sort::integer
                 : Sort::unknown;
    case Op::item:
      return of_elements(expr.args[0]);
    case Op::dtype:
      return Sort::text;
    case Op::logical_and:
    case Op::logical_or:
    case Op::logical_not:
    case Op::equal:
    case Op::not_equal:
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
    case Op::in:
    case Op::not_in:
    case Op::present:
    case Op::present_key:
      return Sort::boolean;
    default:
      return Sort::unknown;
  }
}

Sort Sorts::of_elements(const Expr& list) const {
  switch (list.op) {
    case Op::range:
      return Sort::integer;
    case Op::literal: {
      const Value::List* values = list.value.list();
      if (!values || values->empty()) return Sort::unknown;
      Sort all = sort_of(values->front());
      for (const Value& value : *values) all = common(all, sort_of(value));
      return all;
    }
    case Op::list: {
      if (list.args.empty()) return Sort::unknown;
      Sort all = of(list.args.front());
      for (const Expr& element : list.args) all = common(all, of(element));
      return all;
    }
    case Op::param: {
      const Param* declared = param(list.name);
      return declared && declared->list && declared->index.empty() ? sort_of(declared->type) : Sort::unknown;
    }
    case Op::index_list: {
      const auto known = index_sorts_.find(list.name);
      return known == index_sorts_.end() ? Sort::unknown : known->second;
    }
    case Op::conditional:
      return common(of_elements(list.args[1]), of_elements(list.args[2]));
    case Op::coalesce: {
      Sort all = of_elements(list.args.front());
      for (const Expr& arg : list.args) all = common(all, of_elements(arg));
      return all;
    }
    default:
      return Sort::unknown;
  }
}

std::optional<std::vector<std::string>> Sorts::names_of(const Index& index) const {
  std::vector<std::string> names;
  const auto add = [&](const Value& value) {
    if (!value.string()) return false;
    if (std::find(names.begin(), names.end(), *value.string()) == names.end()) names.push_back(*value.string());
    return true;
  };
  constexpr std::size_t max_names = 256;
  if (const Value::List* list = index.list.op == Op::literal ? index.list.value.list() : nullptr) {
    if (list->size() > max_names || !std::all_of(list->begin(), list->end(), add)) return std::nullopt;
    return names;
  }
  if (index.list.op != Op::list || index.list.args.size() > max_names) return std::nullopt;
  for (const Expr& element : index.list.args) {
    if (element.op != Op::literal || !add(element.value)) return std::nullopt;
  }
  return names;
}

}  // namespace omap
