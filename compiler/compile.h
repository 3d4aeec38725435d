#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "diagnostics/source_map.h"
#include "runtime/plan/plan.h"

namespace omap {

/// What became of a text: its mappings as plans, in the order of the file, and all there is to say about it.
/// `plans` is empty where `diagnostics` has an error.
struct Compilation {
  std::vector<Plan> plans;
  Diagnostics diagnostics;
  /// What the ranges in `diagnostics` point into.
  SourceMap sources;
};

/// Compiles a text: parse, check, lower, verify. `name` stands in diagnostics and in the plans. Touches no file, keeps
/// no state, throws nothing but std::bad_alloc; safe to call from several threads at once.
[[nodiscard]] Compilation compile(std::string name, std::string text);

}  // namespace omap
