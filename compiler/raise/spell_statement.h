#pragma once

#include <optional>
#include <string>

#include "runtime/plan/plan.h"

namespace omap {

// One statement each, without its line end, as the grammar reads it.

/// ` when C`, or nothing.
[[nodiscard]] std::string spell_condition(const std::optional<Expr>& when);
[[nodiscard]] std::string spell_requirement(const Requirement& requirement);
[[nodiscard]] std::string spell_param(const Param& param);
[[nodiscard]] std::string spell_index(const Index& index);
/// With all of its keys in full.
[[nodiscard]] std::string spell_rule(const Rule& rule);
[[nodiscard]] std::string spell_config_line(const ConfigLine& line);

}  // namespace omap
