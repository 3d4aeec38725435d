#pragma once

#include <string_view>

#include "tests/reference/mapping_model.h"

namespace omap::test {

/// A rule's line, `a.{e}[(x + y) d] <-> b[e x d], c[e y d] + 1 as bf16`, as data: for tests that name their mappings.
/// It is read apart from the compiler, and knows well-formed lines of keys, shapes, values and an arrow only.
[[nodiscard]] MadeRule read_rule(std::string_view line);

}  // namespace omap::test
