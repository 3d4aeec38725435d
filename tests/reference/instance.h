#pragma once

#include <vector>

#include "tests/reference/mapping_model.h"
#include "tests/reference/tensors.h"

namespace omap::test {

/// A term of one instance of a rule.
struct TermTensors {
  /// The indexes in its key that are no loops.
  std::vector<std::string> key_axes;
  /// By key: the value of every index that stands in it, and of the loops.
  std::vector<IndexValues> at;
  /// Of a source, by key: its tensor, and those of its operands.
  std::vector<const Tensor*> tensors;
  std::vector<std::vector<const Tensor*>> operands;
};

/// A rule for one value of each of its loop indexes.
struct Instance {
  const Mapping& mapping;
  const MadeRule& rule;
  Direction direction;
  std::vector<TermTensors> sources, destinations;
};

struct MadeTensor {
  Tensor tensor;
  /// By element: it was computed or cast, not moved.
  std::vector<bool> computed;
};

/// By destination term and key: what is written. Throws `Refusal` where the rule has no meaning for its sources.
[[nodiscard]] std::vector<std::vector<MadeTensor>> made_of(const Instance& instance);

}  // namespace omap::test
