#pragma once

#include <functional>
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
  /// What the ranges in `diagnostics` point into: the text itself, and those that it uses.
  SourceMap sources;
};

/// A text that another one uses. Files are the same if their names are.
struct UsedText {
  std::string name;
  std::string text;
};

/// Finds what `use "PATH"` (or, where `standard`, `use std "NAME"`) in the text `from` means. Its errors are shown at
/// the statement.
using FindUsed = std::function<Result<UsedText>(std::string_view from, bool standard, const std::string& path)>;

/// Compiles a text: parse, check, lower, verify. `name` stands in diagnostics and in the plans. Touches no file but
/// through `find`, without which nothing can be used; keeps no state, throws nothing but std::bad_alloc and what `find`
/// throws; safe to call from several threads at once. With `only`, of the mapping of that name if there is one, and
/// nothing is said of the others.
[[nodiscard]] Compilation compile(std::string name, std::string text, const FindUsed& find = {},
                                  std::string_view only = {});

}  // namespace omap
