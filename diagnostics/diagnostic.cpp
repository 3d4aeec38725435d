#include "diagnostics/diagnostic.h"

#include <algorithm>

namespace omap {

bool has_errors(const Diagnostics& diagnostics) {
  return std::ranges::find(diagnostics, Severity::error, &Diagnostic::severity) != diagnostics.end();
}

}  // namespace omap
