#pragma once

#include "diagnostics/diagnostic.h"
#include "runtime/bind/bind_report.h"
#include "runtime/bind/environment.h"
#include "runtime/plan/plan.h"

namespace omap {

/// The config files of a destination's directory, as the `config` sections of a plan say. What has no value is left
/// out; an object whose members are all left out is, too. Faults go to `report`.
[[nodiscard]] Configs build_configs(const Plan& plan, Direction direction, Environment& environment,
                                    BindReport& report);

}  // namespace omap
