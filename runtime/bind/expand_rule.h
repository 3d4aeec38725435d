#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "runtime/bind/environment.h"
#include "runtime/plan/plan.h"

namespace omap {

/// A key of a term, for one value of each index that is an axis of the rule.
struct ExpandedKey {
  /// Positions in the lists of the term's own indexes, parallel to ExpandedTerm::indexes.
  std::vector<std::int64_t> positions;
  /// Several where alternatives stand in the key: the first is the one that is written.
  std::vector<std::string> texts;
  /// The same of the tensors that a source is computed with, parallel to `operands_of(term)`.
  std::vector<std::vector<std::string>> operands;
};

/// Of a `fill`: nothing.
struct ExpandedTerm {
  /// Indexes in the key that are axes of the rule.
  std::vector<std::string> indexes;
  std::vector<ExpandedKey> keys;
};

/// A rule for one value of each of its loop indexes.
struct RuleInstance {
  Scope loops;
  /// Where the values of `loops` stand in the lists of their indexes.
  std::vector<std::int64_t> loop_positions;
  std::vector<ExpandedTerm> sources, destinations;
};

/// Keys that one run may ask for: more than any checkpoint has.
inline constexpr std::size_t max_expanded_keys = 16'000'000;

/// The instances of a rule whose condition holds. `budget` counts instances and keys down; what exceeds it is
/// `plan_limit`.
[[nodiscard]] tl::expected<std::vector<RuleInstance>, NoValue> expand_rule(const Plan& plan, const Rule& rule,
                                                                           Direction direction,
                                                                           Environment& environment,
                                                                           std::size_t& budget);

/// Every combination of the values of `indexes`, the last changing fastest: calls `visit` with the positions and the
/// scope, `outer` included; stops at the first failure. `budget` counts combinations down; if there are more of them,
/// none is visited, and that is `plan_limit`.
[[nodiscard]] tl::expected<void, NoValue> for_each_value(
    const std::vector<std::string>& indexes, Environment& environment, const Scope& outer, std::size_t& budget,
    const std::function<tl::expected<void, NoValue>(const std::vector<std::int64_t>&, const Scope&)>& visit);

}  // namespace omap
