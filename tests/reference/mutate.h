#pragma once

#include <string>

#include "tests/reference/mapping_model.h"
#include "tests/reference/random.h"

namespace omap::test {

/// A change that may make a mapping wrong or mean something else, and what was changed.
struct Mutation {
  Mapping mapping;
  std::string what;
};

/// One random change; the text is never the same as before.
[[nodiscard]] Mutation mutate(Random& random, const Mapping& mapping);

}  // namespace omap::test
