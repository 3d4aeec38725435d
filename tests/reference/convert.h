#pragma once

#include <optional>
#include <string>

#include "compiler/compile.h"
#include "diagnostics/diagnostic.h"
#include "runtime/bind/bind.h"
#include "tests/reference/mapping_model.h"
#include "tests/reference/tensors.h"

namespace omap::test {

/// What omap makes of some tensors. Nothing if it refuses, then `refusal` says why.
struct Conversion {
  std::optional<Tensors> made;
  std::string refusal;
  Code code{};
  /// A copy that leaves its tensors, or bytes of a destination that are not written once: never right.
  std::string fault;
};

/// Binds a plan to the tensors and runs its copies over memory.
[[nodiscard]] Conversion convert(const Plan& plan, Direction direction, const Settings& settings,
                                 const Tensors& source);
/// The same with the settings of a mapping.
[[nodiscard]] Conversion convert(const Plan& plan, const Mapping& mapping, Direction direction, const Tensors& source);
/// The same from the text on.
[[nodiscard]] Conversion convert(const Mapping& mapping, Direction direction, const Tensors& source);

/// A direction, and what a mapping's params are set to.
[[nodiscard]] BindOptions bind_options(const Mapping& mapping, Direction direction);

/// The plan of a mapping's text, or why there is none.
struct Compiled {
  std::optional<Plan> plan;
  std::string refusal;
  Code code{};
};
[[nodiscard]] Compiled compiled(const Mapping& mapping);

}  // namespace omap::test
