#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/bind/copy_program.h"
#include "runtime/bind/expand_rule.h"
#include "runtime/bind/extents.h"
#include "runtime/bind/rule_values.h"
#include "runtime/checkpoint/tensor_index.h"
#include "runtime/plan/boxes.h"
#include "runtime/plan/plan.h"

namespace omap {

/// What is the same for every instance of a rule in one direction.
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
};
[[nodiscard]] BoundRule bound_rule(const Plan& plan, std::uint32_t number, Direction direction, RuleValues values);

/// The tensors of the source that one term of an instance reads, parallel to ExpandedTerm::keys.
struct SourceTerm {
  std::vector<std::uint32_t> tensors;
  /// By key: what the tensor is computed with.
  std::vector<std::vector<std::uint32_t>> operands;
};
using SourceTensors = std::vector<SourceTerm>;

struct InstanceProblem {
  Code code{};
  std::string key;
  /// The end of a sentence that begins with the key.
  std::string what;
  /// The axis that is to blame, if it is one.
  std::string axis = {};
};

struct BoundInstance {
  std::vector<Destination> destinations;
  /// What BoxCopy::computed of these destinations counts in.
  std::vector<ComputedBox> computed;
  Extents extents;
  /// The result may differ from the source by rounding.
  bool inexact = false;
  std::optional<InstanceProblem> problem;
};

/// From the shapes of an instance's sources to the shapes of its destinations and the copies that fill them.
/// `known` holds the extents of indexes, and of params where this direction has them.
[[nodiscard]] BoundInstance bind_instance(const BoundRule& bound, const RuleInstance& instance,
                                          const SourceTensors& sources, const TensorIndex& index, Extents known);

}  // namespace omap
