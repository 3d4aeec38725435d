#pragma once

#include "compiler/sema/checked_module.h"

namespace omap::sema {

/// Joins a mapping with `base`, which is joined with its own already. See inherit.h.
void join_mapping(CheckedMapping& mapping, const CheckedMapping& base, Diagnostics& diagnostics);

}  // namespace omap::sema
