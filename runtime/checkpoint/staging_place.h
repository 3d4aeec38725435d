#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/destination.h"
#include "runtime/checkpoint/posix_file.h"

namespace omap {

// The place where an output is written before it has its final name, steps S2 and S3 of the protocol in
// staged_output.h.

/// Whether `path` names, without following a link, the file that is open as `fd`.
[[nodiscard]] bool is_still(const std::filesystem::path& path, int fd);

/// Makes the staging directory, or opens the one that is there, and locks it: `destination_busy` if another run has. A
/// link is not followed.
[[nodiscard]] Result<FileDescriptor> lock_staging(const std::filesystem::path& staging);

/// The files that a run has left in `at.staging`, but for its journal. What its journal does not name, and anything
/// where there is no journal, is somebody's: an error (`destination_exists`).
[[nodiscard]] Result<std::vector<std::filesystem::path>> find_leftovers(const DestinationPath& at);

/// Removes the leftovers and their folders, but for files of the output with the names `kept`. The journal stays, so
/// that a run that is killed here leaves what the next one knows. After an error of `find_leftovers` all is as it was.
[[nodiscard]] Result<void> remove_leftovers(const DestinationPath& at, std::span<const std::string> kept);

}  // namespace omap
