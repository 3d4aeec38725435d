#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "runtime/plan/sorts.h"

namespace omap {

/// Something that a plan does where a condition holds, for each value of the indexes in its key and its condition.
/// Refers to the plan.
struct Claim {
  /// What it does it to, if that varies; null: both claims are about the same thing.
  const KeyTemplate* key = nullptr;
  /// Null: always.
  const Expr* when = nullptr;
  /// It may be left out for a reason that its condition does not tell.
  bool optional = false;
};

/// Whether two claims can ever be about the same thing at once, in one direction over one checkpoint.
struct Exclusion {
  enum class Outcome : std::uint8_t {
    disjoint,  ///< never
    clash,     ///< they are, for values that somebody may give
    unknown,   ///< it depends on what cannot be told without a checkpoint, or was not found out
  };
  Outcome outcome = Outcome::unknown;
  /// Of a clash: "`layer` = 2 and `n` = 2". Empty where it does not depend on anything.
  std::string witness;
};

/// Decides exclusions in a plan whose structure has been verified. `disjoint` is proved: intervals and inequalities of
/// ints, remainders, members of finite sets, and conditions that contradict each other literally. A `clash` is found by
/// values of indexes and int params, or follows from equal conditions. Definitions of params are not looked into, as
/// `--set` replaces them; requirements are. The work of all questions together is bounded: what comes after is unknown.
/// Not for several threads at once.
class Exclusions {
 public:
  /// Refers to the plan.
  explicit Exclusions(const Plan& plan) : sorts_(plan) {}

  [[nodiscard]] Exclusion between(const Claim& a, const Claim& b);
  /// Whether a claim, which has a key, can be about the same thing for two values of its indexes.
  [[nodiscard]] Exclusion within(const Claim& claim);
  /// False: the condition of the claim holds for no values.
  [[nodiscard]] bool may_hold(const Claim& claim);

  [[nodiscard]] bool exhausted() const { return steps_ > max_steps; }
  [[nodiscard]] const Sorts& sorts() const { return sorts_; }

 private:
  static constexpr std::size_t max_steps = 4'000'000;

  Sorts sorts_;
  std::size_t steps_ = 0;
};

}  // namespace omap
