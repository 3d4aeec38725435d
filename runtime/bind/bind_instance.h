#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "runtime/bind/bound_rule.h"
#include "runtime/bind/copy_program.h"
#include "runtime/bind/expand_rule.h"
#include "runtime/bind/extents.h"
#include "runtime/bind/instance_shapes.h"
#include "runtime/checkpoint/tensor_index.h"

namespace omap {

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
