#pragma once

#include <functional>

#include "tests/reference/mapping_model.h"

namespace omap::test {

/// The smallest mapping that still fails, found by dropping rules, terms, steps, casts, axes, pieces and conditions and
/// by making extents smaller, one step at a time. `fails(mapping)` is true.
[[nodiscard]] Mapping shrink(Mapping mapping, const std::function<bool(const Mapping&)>& fails);

}  // namespace omap::test
