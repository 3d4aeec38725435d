#pragma once

#include <string_view>

#include "diagnostics/code.h"

namespace omap {

/// The page of a code, docs/diagnostics/OMxxxx.md, as it was when the program was built. Empty if it has none.
[[nodiscard]] std::string_view page_of(Code code);

}  // namespace omap
