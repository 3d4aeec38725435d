#pragma once

#include <string>

#include "runtime/plan/plan.h"
#include "tests/reference/mapping_model.h"
#include "tests/reference/tensors.h"

namespace omap::test {

struct Interpretation {
  Tensors made;
  Computed computed;
  /// Why the mapping has no meaning for these tensors; else empty.
  std::string refusal;
};

/// What docs/language.md says that a mapping makes of some tensors: by LibTorch's cat, narrow, reshape, permute,
/// expand, stack and select, its arithmetic and its casts, and by nothing of omap's own. Slow, and meant to be obvious.
[[nodiscard]] Interpretation interpret(const Mapping& mapping, Direction direction, const Tensors& source);

/// Why the reference gives a mapping no meaning, on tensors made for it, in one of the directions; empty if it does.
/// Rules whose condition is false and whose indexes are empty are read as if they were not.
[[nodiscard]] std::string why_meaningless(const Mapping& mapping);

}  // namespace omap::test
