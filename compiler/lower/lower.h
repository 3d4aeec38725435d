#pragma once

#include "compiler/sema/checked_module.h"
#include "diagnostics/source_map.h"
#include "runtime/plan/plan.h"

namespace omap {

/// A mapping of a module that was checked without errors, as a plan: names resolved, prefixes joined to keys, blocks'
/// conditions joined to rules. Nothing is proved here: that is `verify`'s work (runtime/plan/verify.h).
[[nodiscard]] Plan lower(const CheckedMapping& mapping, const SourceMap& sources);

}  // namespace omap
