#pragma once

#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "diagnostics/code.h"
#include "runtime/bind/bound_rule.h"
#include "runtime/bind/expand_rule.h"
#include "runtime/bind/extents.h"
#include "runtime/checkpoint/tensor_index.h"

namespace omap {

/// What is wrong with an instance of a rule.
struct InstanceProblem {
  Code code{};
  std::string key;
  /// The end of a sentence that begins with the key.
  std::string what;
  /// The axis that is to blame, if it is one.
  std::string axis = {};
};

/// The shapes of an instance of a rule with shapes: every extent known, every `...` written out.
struct InstanceShapes {
  Extents extents;
  /// By term.
  std::vector<std::vector<AxisExpr>> source_dims, destination_dims;
  std::vector<std::vector<std::int64_t>> destination_shapes;
};

/// Holds the shapes of a rule against the headers of the instance's sources, and derives those of its destinations.
/// `known` holds the extents of indexes, and of params where this direction has them.
[[nodiscard]] tl::expected<InstanceShapes, InstanceProblem> unify_shapes(const BoundRule& bound,
                                                                         const RuleInstance& instance,
                                                                         const SourceTensors& sources,
                                                                         const TensorIndex& index, Extents known);

/// `[24, 8]`
[[nodiscard]] std::string spell_shape(const std::vector<std::int64_t>& shape);

}  // namespace omap
