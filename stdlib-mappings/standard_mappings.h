#pragma once

#include <span>
#include <string_view>

namespace omap {

/// A file of stdlib-mappings/, as it was when the program was built.
struct StandardMapping {
  /// `olmo2`, of `std:olmo2`: the file's name without `.omap`.
  std::string_view name;
  std::string_view text;
};

/// By name.
[[nodiscard]] std::span<const StandardMapping> standard_mappings();

}  // namespace omap
