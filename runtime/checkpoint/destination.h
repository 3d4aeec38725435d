#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/checkpoint_layout.h"

namespace omap {

/// The place of an output, absolute, and the sibling where it is written first. Links above it are followed; it may be
/// one itself.
struct DestinationPath {
  std::filesystem::path path;
  /// A directory: `path` with `.partial` behind its name.
  std::filesystem::path staging;
  /// The output in it, under its final name.
  std::filesystem::path staged;
};

[[nodiscard]] DestinationPath resolve_destination(const std::filesystem::path& given);

/// What a layout puts in the place of old files.
struct Replacement {
  /// The one file of weights, or nothing if there are several. Configs may stand beside it.
  std::string only_file;
  /// There is a tokenizer.
  bool tokenizer = false;
};
[[nodiscard]] Replacement replacement_in(const CheckpointLayout& layout);

/// The files to be removed from the directory `destination` before new ones get their names there, sorted: those of a
/// checkpoint in any format, which a loader would take for parts of the new one or for a second one, and of a
/// tokenizer, where there is a new one. Old shards go even where a new one has the same name, so that old and new ones
/// never lie side by side. Where there is one new file, its predecessor is not among them: the rename replaces it at
/// once.
[[nodiscard]] Result<std::vector<std::string>> stale_files(const std::filesystem::path& destination,
                                                           const Replacement& replacement);

struct DestinationOptions {
  /// Replace a destination that is there.
  bool replace = false;
};

/// Whether what stands at a destination lets a layout be written there: nothing, or, with `replace`, a directory or a
/// regular file, as the layout is, whose parts can get new names. `destination_exists` if not; a link is none of them.
[[nodiscard]] Result<void> check_replacement(const DestinationPath& at, bool is_directory,
                                             const DestinationOptions& options, const CheckpointLayout& layout);

/// Whether `destination` may be written while a source is read. It may not if `check_replacement` says so, if it is the
/// source or lies inside it, would overwrite or remove a file that is read, or has too little space. Changes nothing.
/// `source` is the path as the user gave it, `files_read` all files that are read, those of a tokenizer too.
[[nodiscard]] Result<void> check_destination(const std::filesystem::path& destination, bool is_directory,
                                             const DestinationOptions& options, const CheckpointLayout& layout,
                                             const std::filesystem::path& source,
                                             std::span<const std::filesystem::path> files_read);

}  // namespace omap
