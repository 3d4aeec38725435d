#pragma once

#include <cstdint>
#include <string>

#include "tests/reference/mapping_model.h"
#include "tests/reference/random.h"

namespace omap::test {

/// A change that may make a mapping wrong or mean something else, and what was changed.
struct Mutation {
  Mapping mapping;
  std::string what;
};

/// Of how elements lie, or of what they become.
enum class Changes : std::uint8_t { layout, values };

/// One random change; the text is never the same as before.
[[nodiscard]] Mutation mutate(Random& random, const Mapping& mapping, Changes changes);

}  // namespace omap::test
