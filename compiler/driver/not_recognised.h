#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/driver/explain_refusal.h"
#include "compiler/driver/sides.h"
#include "compiler/driver/standard_plans.h"
#include "diagnostics/diagnostic.h"

namespace omap::driver {

// What is said where no standard mapping is for a checkpoint, or several are.

/// A standard mapping from the checkpoint's side, and what binding the checkpoint to it said.
struct Trial {
  const StandardPlan* standard;
  /// Empty if it binds.
  Diagnostics refusal;
  KnownTensors tensors;
  /// What it requires and the checkpoint does not tell: conditions, and params to set for them.
  std::vector<std::string> undecided;
  /// Requirements that the checkpoint meets or does not tell, up to the first that it does not meet. Standard mappings
  /// tell their family first, and then what they cannot say.
  std::size_t met = 0;
  std::size_t unmet = 0;
};

/// The side of a standard mapping that knows most of a checkpoint's names.
struct Owner {
  const StandardPlan* standard = nullptr;
  std::string side, other;
  KnownTensors tensors;
};

/// Nothing is between the sides that were said.
[[nodiscard]] Diagnostic no_such_sides(const std::vector<StandardPlan>& standard, const SidePath& from,
                                       const std::optional<SidePath>& to);

/// The checkpoint is one of another side than was said.
[[nodiscard]] Diagnostic misnamed(const std::vector<StandardPlan>& standard, const SidePath& from,
                                  const std::optional<SidePath>& to, const Owner& owner);

/// Several bind.
[[nodiscard]] Diagnostic ambiguous(const Source& source, const SidePath& from,
                                   const std::vector<const Trial*>& fitting);

/// Whether nothing but values is lacking of what the mapping knows every name of.
[[nodiscard]] bool lacks_values(const Trial& trial);

/// None binds: what is nearest, and why it is not it, or which value it lacks.
[[nodiscard]] Diagnostic not_recognised(const SidePath& from, const std::optional<SidePath>& to, const Trial& nearest);

}  // namespace omap::driver
