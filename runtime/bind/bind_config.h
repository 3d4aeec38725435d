#pragma once

#include "diagnostics/diagnostic.h"
#include "runtime/bind/bind_report.h"
#include "runtime/bind/environment.h"
#include "runtime/bind/source_keys.h"
#include "runtime/plan/plan.h"

namespace omap {

struct ConfigRequest {
  const Plan& plan;
  Direction direction = Direction::right;
  /// The tensors of the destination, which lines may ask for.
  const SourceKeys& written;
  /// Files that are there already, by name: they take the place of those that the plan says.
  const Configs& given;
};

struct BuiltConfigs {
  Configs configs;
  /// Fields that are left out because only the destination, a tokenizer or the user could tell them, one for each; and
  /// what the plan says otherwise than a file that was given.
  Diagnostics notes;
};

/// The config files of a destination's directory, as the `config` sections of a plan say. What has no value is left
/// out; an object whose members are all left out is, too. A dtype is written as PyTorch names it. Faults go to
/// `report`.
[[nodiscard]] BuiltConfigs build_configs(const ConfigRequest& request, Environment& environment, BindReport& report);

/// What the `config` sections say of the source's own configs: of their lines about that side the values that the
/// source tells.
[[nodiscard]] Configs said_of_source(const Plan& plan, Direction direction, Environment& environment);

}  // namespace omap
