#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/posix_file.h"

namespace omap {

// The place where an output is written before it has its final name, steps S2 and S3 of the protocol in
// staged_output.h.

/// Whether `path` names, without following a link, the file that is open as `fd`.
[[nodiscard]] bool is_still(const std::filesystem::path& path, int fd);

/// Makes the staging directory or file, or opens the one that is there, and locks it: `destination_busy` if another run
/// has. A link is not followed.
[[nodiscard]] Result<FileDescriptor> lock_staging(const std::filesystem::path& staging, bool is_directory);

/// Empties a staging directory but for files of the names `kept`. A file that no run has made is an error
/// (`destination_exists`): then nothing is removed.
[[nodiscard]] Result<void> remove_leftovers(const std::filesystem::path& staging, std::span<const std::string> kept);

}  // namespace omap
