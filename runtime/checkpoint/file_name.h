#pragma once

#include <string_view>

namespace omap {

/// Whether a name that a checkpoint gives is that of a file beside it: no path leads out of the directory, or into
/// another one.
[[nodiscard]] inline bool is_plain_file_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find_first_of(std::string_view("/\\\0", 3)) == name.npos;
}

}  // namespace omap
