#pragma once

#include <string_view>

#include "compiler/sema/checked_module.h"

namespace omap::sema {

/// What is said of an `override`, `restrict` or `remove` at `range` that finds nothing in `base`: "`base` has WHAT to
/// change".
[[nodiscard]] Diagnostic edit_meets_nothing(const CheckedMapping& base, SourceRange range, std::string_view what,
                                            std::string_view help);

}  // namespace omap::sema
