#pragma once

#include <optional>
#include <tl/expected.hpp>
#include <vector>

#include "runtime/bind/environment.h"
#include "runtime/copy/computation.h"
#include "runtime/dtype/dtype.h"
#include "runtime/plan/plan.h"

namespace omap {

/// What happens to the values of one term in one direction.
struct TermValues {
  /// Of a source: its arithmetic. Of a destination: the inverse steps, last first. Operands are numbered as
  /// `operands_of(term)` gives them.
  std::vector<ValueStep> steps;
  /// How a destination is stored, or what a `fill` is; where neither says it, the sources do.
  std::optional<Dtype> dtype;
};

struct RuleValues {
  std::vector<TermValues> sources, destinations;
};

/// The values of params that a rule computes with or stores by, as `environment` has them.
[[nodiscard]] tl::expected<RuleValues, NoValue> rule_values(const Rule& rule, Direction direction,
                                                            Environment& environment);

}  // namespace omap
