#include "compiler/sema/inherit.h"

#include <set>
#include <unordered_map>

#include "compiler/sema/join_mapping.h"
#include "diagnostics/nearest.h"

namespace omap::sema {
namespace {

/// What joining a mapping copies from its base.
std::size_t copied_from(const CheckedMapping& base) {
  std::size_t count = base.symbols.size() + base.params.size() + base.indexes.size() + base.prefixes.size() +
                      base.ties.size() + base.ignores.size() + base.sames.size() + base.config.size() +
                      base.inherited_axes.size();
  for (const auto* rules : {&base.rules, &base.modules}) {
    for (const auto& rule : *rules) count += 1 + rule.prefixes.size() + rule.conditions.size();
  }
  return count;
}

class Inheritance {
 public:
  Inheritance(std::vector<CheckedMapping>& mappings, Diagnostics& diagnostics)
      : mappings_(mappings), diagnostics_(diagnostics), states_(mappings.size(), State::open) {
    for (std::size_t i = 0; i < mappings.size(); ++i) by_name_.try_emplace(mappings[i].syntax->name.text, i);
  }

  void run() {
    for (std::size_t i = 0; i < mappings_.size(); ++i) complete(i);
  }

 private:
  enum class State : std::uint8_t { open, joining, done };

  /// Bases first, along the chain that begins here; no recursion, for chains are as long as a file.
  void complete(std::size_t mapping) {
    std::vector<std::size_t> chain;
    for (std::optional<std::size_t> next = mapping; next && states_[*next] != State::done; next = base_of(*next)) {
      if (states_[*next] == State::joining) {
        const ast::Name& base = *mappings_[chain.back()].syntax->base;
        diagnostics_.push_back(Diagnostic(Code::use_cycle, base.range, "`{}` extends itself in the end", base.text)
                                   .help("one mapping of the circle has to stand alone"));
        broken_.insert(chain.back());
        break;
      }
      states_[*next] = State::joining;
      chain.push_back(*next);
    }
    for (; !chain.empty(); chain.pop_back()) {
      const std::size_t i = chain.back();
      const auto base = broken_.contains(i) ? std::nullopt : base_of(i);
      if (base && affordable(mappings_[i], mappings_[*base])) {
        join_mapping(mappings_[i], mappings_[*base], diagnostics_);
      }
      states_[i] = State::done;
    }
  }

  /// Says once that it is not.
  bool affordable(const CheckedMapping& mapping, const CheckedMapping& base) {
    if (exhausted_) return false;
    copied_ += copied_from(base);
    compared_ += (mapping.removes.size() + mapping.restricts.size()) * (base.rules.size() + base.modules.size());
    exhausted_ = copied_ > most_copied || compared_ > most_compared;
    if (!exhausted_) return true;
    Diagnostic diagnostic(Code::plan_limit, mapping.syntax->base->range, "the mappings of this file inherit too much");
    diagnostic.notes.push_back(
        fmt::format("all together at most {} rules and lines, with at most {} comparisons of a rule "
                    "with a `remove` or `restrict`",
                    most_copied, most_compared));
    diagnostics_.push_back(std::move(diagnostic).help("let them extend a smaller mapping"));
    return false;
  }

  std::optional<std::size_t> base_of(std::size_t mapping) {
    const auto& base = mappings_[mapping].syntax->base;
    if (!base) return std::nullopt;
    const auto found = by_name_.find(base->text);
    if (found != by_name_.end()) return found->second;
    if (!unknown_.insert(mapping).second) return std::nullopt;
    std::vector<std::string> names;
    for (const auto& [name, i] : by_name_) names.push_back(name);
    Diagnostic diagnostic(Code::unknown_mapping, base->range, "there is no mapping `{}` here", base->text);
    if (const auto near = nearest(base->text, names))
      diagnostic.helps.push_back(fmt::format("did you mean `{}`?", *near));
    diagnostic.helps.push_back("`use \"FILE.omap\"` or `use std \"NAME\"` brings the mappings of another file");
    diagnostics_.push_back(std::move(diagnostic));
    return std::nullopt;
  }

  std::vector<CheckedMapping>& mappings_;
  Diagnostics& diagnostics_;
  std::vector<State> states_;
  std::unordered_map<std::string, std::size_t> by_name_;
  std::set<std::size_t> unknown_, broken_;
  /// A mapping of few lines may extend one of many, and so may the next.
  static constexpr std::size_t most_copied = 1'000'000;
  static constexpr std::size_t most_compared = 20'000'000;
  std::size_t copied_ = 0;
  std::size_t compared_ = 0;
  bool exhausted_ = false;
};

}  // namespace

void inherit(std::vector<CheckedMapping>& mappings, Diagnostics& diagnostics) {
  Inheritance(mappings, diagnostics).run();
}

}  // namespace omap::sema
