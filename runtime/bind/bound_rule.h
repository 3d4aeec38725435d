#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/bind/model_cast.h"
#include "runtime/bind/rule_values.h"
#include "runtime/plan/boxes.h"
#include "runtime/plan/plan.h"

namespace omap {

/// What is the same for every instance of a rule in one direction. Refers to the plan.
struct BoundRule {
  const Rule* rule = nullptr;
  std::uint32_t number = 0;
  Direction direction = Direction::right;
  std::vector<std::string> loops;
  bool shaped = false;
  /// `fill`: the rule has no source tensor.
  bool fills = false;
  Pairing pairing;
  RuleValues values;
  /// Of destinations without an `as` of their own.
  std::optional<ModelCast> cast;

  [[nodiscard]] const std::vector<Term>& sources() const { return rule->sources(direction); }
  [[nodiscard]] const std::vector<Term>& destinations() const { return rule->destinations(direction); }
};
[[nodiscard]] BoundRule bound_rule(const Plan& plan, std::uint32_t number, Direction direction, RuleValues values);

/// The tensors of the source that one term of an instance reads, parallel to ExpandedTerm::keys.
struct SourceTerm {
  std::vector<std::uint32_t> tensors;
  /// By key: what the tensor is computed with.
  std::vector<std::vector<std::uint32_t>> operands;
};
using SourceTensors = std::vector<SourceTerm>;

}  // namespace omap
