#pragma once

#include <filesystem>
#include <string_view>

#include "diagnostics/diagnostic.h"

namespace omap::driver {

/// Makes a text the content of a file, which need not be there.
///
/// A regular file has its old text or its new one at any moment: the new one is written under a name of its own beside
/// it, gets to the disk, and is renamed. The file keeps its permissions, and its owner where this process may give
/// files away; other names of it (hard links) keep the old text. A symbolic link stays, and what it points to is
/// written. A pipe or a device gets the text as it is.
[[nodiscard]] Result<void> write_file(const std::filesystem::path& path, std::string_view text);

}  // namespace omap::driver
