#include "runtime/bind/expand_rule.h"

#include <algorithm>

namespace omap {
namespace {

NoValue too_many_keys() {
  return {NoValue::Kind::failed, fmt::format("the indexes of this mapping give more than {} keys", max_expanded_keys),
          Code::plan_limit};
}

tl::expected<ExpandedTerm, NoValue> expand_term(const Plan& plan, const Term& term,
                                                const std::vector<std::string>& loops, Environment& environment,
                                                const Scope& scope, std::size_t& budget) {
  ExpandedTerm expanded;
  if (!term.is_tensor()) return expanded;
  expanded.indexes = indexes_of(plan, term.key);
  std::erase_if(expanded.indexes,
                [&](const std::string& index) { return std::find(loops.begin(), loops.end(), index) != loops.end(); });
  const auto done = for_each_value(
      expanded.indexes, environment, scope, budget,
      [&](const std::vector<std::int64_t>& positions, const Scope& inner) -> tl::expected<void, NoValue> {
        auto texts = environment.key_texts(term.key, inner);
        if (!texts) return tl::unexpected(texts.error());
        if (texts->size() > budget) return tl::unexpected(too_many_keys());
        budget -= texts->size() - 1;
        ExpandedKey key{positions, std::move(*texts), {}};
        for (const Operand* operand : operands_of(term)) {
          auto operand_texts = environment.key_texts(operand->key, inner);
          if (!operand_texts) return tl::unexpected(operand_texts.error());
          key.operands.push_back(std::move(*operand_texts));
        }
        expanded.keys.push_back(std::move(key));
        return {};
      });
  if (!done) return tl::unexpected(done.error());
  return expanded;
}

}  // namespace

tl::expected<void, NoValue> for_each_value(
    const std::vector<std::string>& indexes, Environment& environment, const Scope& outer, std::size_t& budget,
    const std::function<tl::expected<void, NoValue>(const std::vector<std::int64_t>&, const Scope&)>& visit) {
  std::vector<const std::vector<Value>*> lists;
  std::size_t combinations = 1;
  for (const std::string& index : indexes) {
    const auto& values = environment.index_values(index);
    if (!values) return tl::unexpected(values.error());
    if (values->empty()) return {};
    lists.push_back(&*values);
    // Beyond the budget it does not matter how many.
    if (combinations <= budget) combinations *= values->size();
  }
  if (combinations > budget) return tl::unexpected(too_many_keys());
  budget -= combinations;
  std::vector<std::int64_t> positions(indexes.size(), 0);
  Scope scope = outer;
  for (std::size_t i = 0; i < indexes.size(); ++i) {
    scope.emplace_back(environment.index_name(indexes[i]), lists[i]->front());
  }
  while (true) {
    if (auto done = visit(positions, scope); !done) return done;
    std::size_t i = indexes.size();
    while (i > 0) {
      --i;
      const bool wraps = ++positions[i] == static_cast<std::int64_t>(lists[i]->size());
      if (wraps) positions[i] = 0;
      scope[outer.size() + i].second = (*lists[i])[static_cast<std::size_t>(positions[i])];
      if (!wraps) break;
      if (i == 0) return {};
    }
    if (indexes.empty()) return {};
  }
}

tl::expected<std::vector<RuleInstance>, NoValue> expand_rule(const Plan& plan, const Rule& rule, Direction direction,
                                                             Environment& environment, std::size_t& budget) {
  std::vector<RuleInstance> instances;
  const auto loops = loop_indexes(plan, rule);
  const auto done = for_each_value(
      loops, environment, {}, budget,
      [&](const std::vector<std::int64_t>& positions, const Scope& scope) -> tl::expected<void, NoValue> {
        if (rule.when) {
          const Evaluated holds = environment.evaluate(*rule.when, scope);
          if (!holds) return tl::unexpected(holds.error());
          if (!holds->boolean()) {
            return tl::unexpected(
                NoValue{NoValue::Kind::failed,
                        fmt::format("the condition `{}` is {}, not a bool", to_text(*rule.when), holds->type_name()),
                        Code::value_type});
          }
          if (!*holds->boolean()) return {};
        }
        RuleInstance instance{scope, positions, {}, {}};
        for (const bool source : {true, false}) {
          for (const Term& term : source ? rule.sources(direction) : rule.destinations(direction)) {
            auto expanded = expand_term(plan, term, loops, environment, scope, budget);
            if (!expanded) return tl::unexpected(expanded.error());
            (source ? instance.sources : instance.destinations).push_back(std::move(*expanded));
          }
        }
        instances.push_back(std::move(instance));
        return {};
      });
  if (!done) return tl::unexpected(done.error());
  return instances;
}

}  // namespace omap
