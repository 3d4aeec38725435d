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

/// A tensor that is moved as it is; key and rule are the caller's to fill in.
[[nodiscard]] Destination same_destination(const TensorInfo& source, std::uint32_t place);

/// The same of a tensor that is stored as `dtype`, with what that takes: a cast, if it is another float. Where dense
/// bytes of `dtype` are too many there is a problem.
[[nodiscard]] BoundInstance stored_destination(const TensorInfo& source, std::uint32_t place, Dtype dtype);

}  // namespace omap
