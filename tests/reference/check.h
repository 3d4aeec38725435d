#pragma once

#include <optional>
#include <string>

#include "tests/reference/mapping_model.h"
#include "tests/reference/tensors.h"

namespace omap::test {

struct Failure {
  /// The same for failures that may have the same cause.
  std::string kind;
  std::string text;
  Direction direction = Direction::right;
};

/// Compiles a well-typed mapping, and runs it in each direction that it has: from made tensors, and back from what came
/// out. Compares every tensor with the reference, and with the start where equations lead back to it.
[[nodiscard]] std::optional<Failure> check(const Mapping& mapping);

/// A mapping that may be wrong, on tensors that were made for another one.
struct Verdict {
  bool accepted = false;
  /// Accepted, and not what the reference says that the mapping means.
  std::optional<Failure> failure;
};
[[nodiscard]] Verdict check_on(const Mapping& mapping, Direction direction, const Tensors& sources);

/// The text, the settings and the sources of one direction, and what is wrong.
[[nodiscard]] std::string report(const Mapping& mapping, const Tensors& sources, const Failure& failure);

}  // namespace omap::test
