#pragma once

#include <optional>

#include "diagnostics/diagnostic.h"
#include "runtime/bind/environment.h"
#include "runtime/plan/plan.h"

namespace omap {

/// The fields of the source's configs that nothing in a plan reads or ignores, if it has `config` sections at all. One
/// that has the value which the mapping itself says of it, as it would where that side is written, is none.
[[nodiscard]] std::optional<Diagnostic> unread_config(const Plan& plan, Direction direction, const Configs& configs,
                                                      Environment& environment);

}  // namespace omap
