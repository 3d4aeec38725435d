#pragma once

#include <optional>

#include "diagnostics/diagnostic.h"
#include "runtime/bind/environment.h"
#include "runtime/plan/plan.h"

namespace omap {

/// The fields of the source's configs that nothing in a plan reads or ignores, if it has `config` sections at all.
[[nodiscard]] std::optional<Diagnostic> unread_config(const Plan& plan, Direction direction, const Configs& configs);

}  // namespace omap
