#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <vector>

#include "runtime/plan/derivation.h"

namespace omap {

/// Conditions as a choice of conjunctions of atoms: `and`, `or`, `not` and `if` are taken apart, and so is `in` for
/// ranges, lists and indexes. Conjunctions that contradict themselves are dropped on the way.
class Conjunctions {
 public:
  enum class Next : std::uint8_t { go_on, stop };
  using Visit = std::function<Next(const std::vector<Atom>&, const Derivation&)>;

  /// Both are referred to.
  Conjunctions(const Sorts& sorts, std::size_t& steps) : sorts_(sorts), steps_(steps) {}

  /// Calls `visit` for conjunctions that do not contradict themselves; together they hold wherever all `goals` do.
  /// False if there are too many of them: some were not visited.
  bool visit(std::vector<Atom> goals, const Visit& visit);

 private:
  using Goals = std::vector<Atom>;
  struct State {
    Goals goals;
    std::vector<Atom> atoms;
    /// Of each, the goals of one have to hold.
    std::vector<std::vector<Goals>> choices;
  };
  Next solve(State state, std::size_t depth, const Visit& visit);
  /// False: it does not hold.
  bool expand(const Atom& goal, State& state);
  bool expand_connective(const Atom& goal, State& state);
  bool expand_equality(const Atom& goal, State& state);
  bool expand_search(const Atom& goal, State& state);
  void expand_index(const Atom& goal, bool within, State& state);
  /// All hold (`conjoined`), or one.
  static void add(State& state, bool conjoined, Goals goals);
  Spot made(Expr expr, std::size_t copy);

  const Sorts& sorts_;
  std::size_t& steps_;
  std::size_t branches_ = 0;
  bool too_many_ = false;
  /// What expressions that were not in the plan stand in.
  std::deque<Expr> arena_;
};

}  // namespace omap
