#pragma once

#include <string>

#include "runtime/plan/plan.h"
#include "tests/reference/mapping_model.h"
#include "tests/reference/tensors.h"

namespace omap::test {

/// Converts the tensors as a dictionary of LibTorch's, laid out in memory in a way that `draw` picks (dense,
/// transposed, with gaps), with views or without, by one thread or two; and holds what comes out against `wanted`.
/// Empty if it is the same, or if LibTorch has no such dtypes.
[[nodiscard]] std::string difference_as_state(const Plan& plan, const Mapping& mapping, Direction direction,
                                              const Tensors& sources, const Tensors& wanted, unsigned draw);

}  // namespace omap::test
