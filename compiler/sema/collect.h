#pragma once

#include <vector>

#include "compiler/sema/checked_module.h"

namespace omap::sema {

/// Takes the mappings of modules apart: declarations by kind, rules with their blocks. Reports names that stand twice
/// and statements out of place. The mappings stand in the order of the modules; what they extend is not joined in.
[[nodiscard]] std::vector<CheckedMapping> collect(const std::vector<std::shared_ptr<const ast::Module>>& modules,
                                                  Diagnostics& diagnostics);

}  // namespace omap::sema
