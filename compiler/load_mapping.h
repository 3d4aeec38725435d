#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "diagnostics/source_map.h"
#include "runtime/plan/plan.h"

namespace omap {

/// What an argument named, and what there is to say about it. Without a plan, `diagnostics` has an error.
struct LoadedMapping {
  std::optional<Plan> plan;
  Diagnostics diagnostics;
  SourceMap sources;
};

/// `argument` is a `.omap` file, a plan, `std:NAME` (a standard mapping), or any of them with `:NAME` behind it where a
/// file holds several. Files that it uses are found beside it. Throws nothing but std::bad_alloc; safe to call from
/// several threads at once.
[[nodiscard]] LoadedMapping load_mapping(const std::string& argument);

/// All mappings of a FILE argument: a `.omap` file, a plan, or `std:NAME`; with `only`, the one of that name if there
/// is one.
struct LoadedFile {
  std::vector<Plan> plans;
  Diagnostics diagnostics;
  SourceMap sources;
};
[[nodiscard]] LoadedFile load_file(const std::string& file, const std::string& only = {});

/// The same for the text of a `.omap` file; `name` is where it would stand, for files that it uses.
[[nodiscard]] LoadedFile load_text(const std::string& name, std::string text);

/// The whole of a text file.
[[nodiscard]] Result<std::string> read_text(const std::string& path);

}  // namespace omap
