#pragma once

#include <algorithm>

#include "runtime/plan/plan.h"

namespace omap {

/// Whether all texts of a plan are standard mappings (`std:NAME`): who runs it cannot change a line of it.
[[nodiscard]] inline bool is_standard(const Plan& plan) {
  return !plan.sources.files.empty() && std::ranges::all_of(plan.sources.files, [](const SourceFile& file) {
    return file.name().starts_with("std:");
  });
}

}  // namespace omap
