#pragma once

#include <vector>

#include "compiler/sema/checked_module.h"

namespace omap::sema {

/// Takes a module's mappings apart: declarations by kind, rules with their blocks. Reports names that stand twice,
/// statements out of place, and what this version does not compile.
[[nodiscard]] std::vector<CheckedMapping> collect(const ast::Module& module, Diagnostics& diagnostics);

}  // namespace omap::sema
