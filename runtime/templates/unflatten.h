#pragma once

#include "runtime/templates/form_editor.h"
#include "runtime/templates/state_mapping_template.h"

namespace omap {

/// Cuts a dimension of the joined sources into several: the sizes before -1 are taken from its beginning, those behind
/// it from its end. False if sizes that are known do not divide one another.
[[nodiscard]] bool unflatten(FormEditor& editor, const Unflattening& unflattening);

}  // namespace omap
