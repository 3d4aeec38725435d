#include "tests/reference/interpret.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "tests/reference/instance.h"
#include "tests/reference/made_sources.h"
#include "tests/reference/refusal.h"

namespace omap::test {
namespace {

class Interpreter {
 public:
  Interpreter(const Mapping& mapping, Direction direction, const Tensors& source)
      : mapping_(mapping), direction_(direction), source_(source) {}

  Interpretation run() {
    for (const FlatRule& flat : flatten(mapping_)) {
      if (flat.rule.runs(direction_)) run_rule(flat);
    }
    for (const auto& [key, tensor] : source_) require(read_.contains(key), fmt::format("nothing reads `{}`", key));
    return std::move(made_);
  }

 private:
  void run_rule(const FlatRule& flat) {
    std::vector<IndexValues> instances;
    for (const IndexValues& at : combinations(mapping_, loops_of(flat.rule))) {
      bool all = true;
      for (const Condition& condition : flat.when) {
        const auto value = holds(mapping_, condition, at);
        require(value.has_value(), "a condition reads what has no value here");
        all = all && *value;
      }
      if (all) instances.push_back(at);
    }
    std::size_t found = 0, missing = 0;
    std::vector<std::vector<TermTensors>> sources;
    for (const IndexValues& at : instances) {
      sources.emplace_back();
      for (const MadeTerm& term : flat.rule.sources(direction_)) {
        sources.back().push_back(term_tensors(flat.rule, term, at, &found, &missing));
      }
    }
    if (flat.rule.optional && found == 0) return;
    require(missing == 0, "a source is missing");
    for (std::size_t i = 0; i < instances.size(); ++i) run_instance(flat.rule, instances[i], sources[i]);
  }

  /// A term's place for each value of its own indexes; its tensors too, if it is a source.
  TermTensors term_tensors(const MadeRule& rule, const MadeTerm& term, const IndexValues& at,
                           std::size_t* found = nullptr, std::size_t* missing = nullptr) {
    TermTensors made;
    if (term.fill) return made;
    made.key_axes = indexes_in(term.key);
    const std::vector<std::string> loops = loops_of(rule);
    std::erase_if(made.key_axes,
                  [&](const std::string& i) { return std::find(loops.begin(), loops.end(), i) != loops.end(); });
    made.at = combinations(mapping_, made.key_axes, at);
    for (const IndexValues& values : made.at) {
      if (!found) continue;
      const auto look_up = [&](const Key& key) {
        const Tensor* tensor = find(key_texts(key, values));
        ++*(tensor ? found : missing);
        return tensor;
      };
      made.tensors.push_back(look_up(term.key));
      made.operands.emplace_back();
      for (const MadeOperand* operand : operands_of(term)) made.operands.back().push_back(look_up(operand->key));
    }
    return made;
  }

  const Tensor* find(const std::vector<std::string>& alternatives) {
    const Tensor* tensor = nullptr;
    for (const std::string& key : alternatives) {
      const auto found = source_.find(key);
      if (found == source_.end()) continue;
      require(!tensor, "two alternatives of one key are there");
      tensor = &found->second;
      read_.insert(key);
    }
    return tensor;
  }

  void run_instance(const MadeRule& rule, const IndexValues& at, std::vector<TermTensors> sources) {
    Instance instance{mapping_, rule, direction_, std::move(sources), {}};
    bool any = false;
    for (const TermTensors& term : instance.sources) any = any || !term.tensors.empty();
    for (const MadeTerm& term : rule.destinations(direction_)) {
      instance.destinations.push_back(term_tensors(rule, term, at));
      any = any || !instance.destinations.back().at.empty();
    }
    if (!any) return;
    const auto made = made_of(instance);
    for (std::size_t t = 0; t < made.size(); ++t) {
      for (std::size_t k = 0; k < made[t].size(); ++k) {
        const std::string key = key_texts(rule.destinations(direction_)[t].key, instance.destinations[t].at[k]).front();
        require(made_.made.emplace(key, made[t][k].tensor).second, fmt::format("`{}` is written twice", key));
        made_.computed.emplace(key, made[t][k].computed);
      }
    }
  }

  const Mapping& mapping_;
  Direction direction_;
  const Tensors& source_;
  std::set<std::string> read_;
  Interpretation made_;
};

/// A mapping all of whose rules hold, for a value at least.
Mapping always(Mapping mapping) {
  for (MadeIndex& index : mapping.indexes) {
    if (index.values.empty()) index.values.emplace_back(index.names ? "q" : "3");
  }
  for (Block* block : blocks_of(mapping)) {
    block->when.reset();
    std::move(block->otherwise.begin(), block->otherwise.end(), std::back_inserter(block->rules));
    block->otherwise.clear();
    for (MadeRule& rule : block->rules) {
      rule.when.reset();
      rule.absent = false;
    }
  }
  return mapping;
}

}  // namespace

Interpretation interpret(const Mapping& mapping, Direction direction, const Tensors& source) {
  try {
    return Interpreter(mapping, direction, source).run();
  } catch (const Refusal& refusal) {
    return {{}, {}, refusal.why};
  }
}

std::string why_meaningless(const Mapping& mapping) {
  for (const Mapping& read : {always(mapping), mapping}) {
    for (const Direction direction : {Direction::right, Direction::left}) {
      const Tensors sources = made_sources(read, direction, Alternative::first);
      const Interpretation meaning = interpret(read, direction, sources);
      if (!meaning.refusal.empty()) return meaning.refusal;
    }
  }
  return {};
}

}  // namespace omap::test
