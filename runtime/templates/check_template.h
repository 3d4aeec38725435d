#pragma once

#include <optional>

#include "diagnostics/diagnostic.h"
#include "runtime/templates/state_mapping_template.h"

namespace omap {

/// What is wrong with a template whatever it is applied to: fields that contradict each other, sizes that are none, a
/// placeholder that is not in every key. Ranges are those of `spelled`.
[[nodiscard]] std::optional<Diagnostic> check_template(const StateMappingTemplate& mapping,
                                                       const SpelledTemplate& spelled);

}  // namespace omap
