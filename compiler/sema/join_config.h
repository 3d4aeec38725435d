#pragma once

#include "compiler/sema/checked_module.h"

namespace omap::sema {

/// Puts the config lines of `base` before those of `mapping`, without the ones that it overrides or removes. Reports an
/// edit that meets nothing, and an own line that writes what an inherited one writes, both always.
void join_config(CheckedMapping& mapping, const CheckedMapping& base, Diagnostics& diagnostics);

}  // namespace omap::sema
