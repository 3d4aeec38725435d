#pragma once

#include <string>
#include <vector>

#include "tests/reference/mapping_model.h"
#include "tests/reference/random.h"

namespace omap::test {

/// A rule over the indexes of a mapping, mostly well-typed but for extents that nothing tells. `number` sets its keys
/// apart from other rules'; it has values with a chance of `values` percent; `outer_loops` are the indexes in the
/// prefixes around it.
[[nodiscard]] MadeRule draw_rule(Random& random, const Mapping& mapping, std::size_t number, unsigned values,
                                 std::vector<std::string> outer_loops);

}  // namespace omap::test
