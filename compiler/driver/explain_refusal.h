#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "compiler/driver/sides.h"
#include "diagnostics/diagnostic.h"
#include "runtime/plan/plan.h"

namespace omap::driver {

/// How many of a checkpoint's tensors, under a side's root, have names that the rules of that side have.
struct KnownTensors {
  std::size_t known = 0;
  std::size_t all = 0;
};
[[nodiscard]] KnownTensors known_tensors(const Plan& plan, std::string_view side, const Source& source);

/// That a checkpoint which was said to be of `from.side` has the names of the side `other`, with the command line that
/// was meant.
[[nodiscard]] Diagnostic swapped_sides(const SidePath& from, const std::optional<SidePath>& to,
                                       const std::string& other);

/// Where a rule's condition has no value (`value_unavailable`): the setting of the param that it is, and not of what
/// that param is made of.
[[nodiscard]] Diagnostics with_deciding_settings(const Plan& plan, Diagnostics refusal);

/// What to say where `refusal` is why a mapping does not bind to a checkpoint: that, or what explains it better. The
/// sides may be swapped, or the checkpoint be a part of a model. `to` is the destination, as far as it is known.
[[nodiscard]] Diagnostics explain_refusal(const Plan& plan, const SidePath& from, const std::optional<SidePath>& to,
                                          Diagnostics refusal);

/// Where a standard mapping takes two tensors for one that differ (`tie_differs`): the settings that tell it otherwise,
/// as its text is not the user's to change.
[[nodiscard]] Diagnostics explain_ties(const Plan& plan, Diagnostics problems);

}  // namespace omap::driver
