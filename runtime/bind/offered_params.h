#pragma once

#include "runtime/plan/plan.h"

namespace omap {

/// Whether users are told that they may set a param: of a mapping that documents params, those; of another, each that
/// has one value, of a config's contents or not. In a mapping that is
/// not a standard one any param can be set by who knows its name.
[[nodiscard]] bool is_offered(const Plan& plan, const Param& param);

}  // namespace omap
