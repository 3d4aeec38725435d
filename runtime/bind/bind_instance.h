#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/bind/copy_program.h"
#include "runtime/bind/expand_rule.h"
#include "runtime/bind/extents.h"
#include "runtime/checkpoint/tensor_index.h"
#include "runtime/plan/boxes.h"
#include "runtime/plan/plan.h"

namespace omap {

/// What is the same for every instance of a rule in one direction.
struct BoundRule {
  const Rule* rule = nullptr;
  std::uint32_t number = 0;
  bool shaped = false;
  Pairing pairing;
};
[[nodiscard]] BoundRule bound_rule(const Plan& plan, std::uint32_t number, Direction direction);

/// A tensor of the source where an instance's term wants it, parallel to ExpandedTerm::keys.
using SourceTensors = std::vector<std::vector<std::uint32_t>>;

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
  Extents extents;
  std::optional<InstanceProblem> problem;
};

/// From the shapes of an instance's sources to the shapes of its destinations and the copies that fill them.
/// `known` holds the extents of indexes, and of params where this direction has them.
[[nodiscard]] BoundInstance bind_instance(const BoundRule& bound, Direction direction, const RuleInstance& instance,
                                          const SourceTensors& sources, const TensorIndex& index, Extents known);

}  // namespace omap
