#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "diagnostics/diagnostic.h"

namespace omap {

// Changes of names in a file system, and their way to the disk. Errors are diagnostics that name the path.

/// An `errno` met while trying to `what` (a verb) a path: `no_space` or `write_failed`.
[[nodiscard]] Diagnostic write_failure(int error, std::string_view what, const std::filesystem::path& path);

/// Waits until the bytes of an open file or the names in an open directory are on the disk.
[[nodiscard]] Result<void> sync_file(int fd, const std::filesystem::path& path);
[[nodiscard]] Result<void> sync_directory(const std::filesystem::path& path);

/// A file that is not there is as good as removed.
[[nodiscard]] Result<void> remove_file(const std::filesystem::path& path);
/// Replaces `to` if it is there.
[[nodiscard]] Result<void> rename_over(const std::filesystem::path& from, const std::filesystem::path& to);
/// An error (`destination_exists`) if `to` is there.
[[nodiscard]] Result<void> rename_to_new(const std::filesystem::path& from, const std::filesystem::path& to);

/// Makes `path` and what is missing above it, and adds what was made to `made`, from the top.
[[nodiscard]] Result<void> make_directories(const std::filesystem::path& path,
                                            std::vector<std::filesystem::path>& made);

}  // namespace omap
