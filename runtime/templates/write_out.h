#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "runtime/templates/state_mapping_template.h"

namespace omap {

/// The same template with keys in the place of a placeholder that is expanded, and numbers in that of bounds. Nothing
/// if one that it needs is not among `bounds` (by name without brackets), or is too large for a rule.
[[nodiscard]] std::optional<StateMappingTemplate> write_out(
    const StateMappingTemplate& mapping, std::span<const std::pair<std::string, std::int64_t>> bounds);

}  // namespace omap
