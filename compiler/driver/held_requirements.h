#pragma once

#include <string>
#include <vector>

#include "compiler/driver/sides.h"
#include "runtime/bind/environment.h"
#include "runtime/plan/plan.h"

namespace omap::driver {

/// What the checkpoint of a side tells of each of a plan's requirements, in their order: whether it holds, or why that
/// cannot be told. Settings that the plan does not take are as if they had not been given.
[[nodiscard]] std::vector<Evaluated> held_requirements(const Plan& plan, const Source& source, const std::string& side,
                                                       const std::vector<std::string>& settings);

/// Whether such an answer speaks against a run: a requirement over what cannot be read does not apply.
[[nodiscard]] bool is_unmet(const Evaluated& held);

}  // namespace omap::driver
