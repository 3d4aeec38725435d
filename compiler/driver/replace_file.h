#pragma once

#include <filesystem>
#include <string_view>

#include "diagnostics/diagnostic.h"

namespace omap::driver {

/// Gives a regular file another text, at once: it is written to `PATH.partial`, gets to the disk, and is renamed. At
/// any moment the file has its old text or its new one. It keeps its permissions; a symbolic link keeps pointing to it.
[[nodiscard]] Result<void> replace_file(const std::filesystem::path& path, std::string_view text);

}  // namespace omap::driver
