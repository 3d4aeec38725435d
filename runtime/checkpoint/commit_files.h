#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/destination.h"
#include "runtime/checkpoint/staged_file.h"

namespace omap {

// How staged files get their final names, steps C1 to C5 of the protocol in staged_output.h.

/// The files of a checkpoint, staged.
struct StagedFiles {
  DestinationPath at;
  bool is_directory = false;
  /// The destination was there when staging began.
  bool replaces = false;
  /// What takes the place of old files: an only file of weights that of its namesake, by its rename.
  Replacement replacement;
  /// Folders of the layout, relative to the destination, from the top.
  std::vector<std::filesystem::path> folders;
  /// Those of the layout, in its order, and the index behind them if there is one.
  std::vector<StagedFile> files;
  /// Those of `files` that a loader begins with, in the order in which they get their names: configs, `config.json`
  /// after the others, and the index.
  std::vector<std::size_t> entries;
  /// They are not to be removed: they have their final names, or are to replace files that are gone.
  bool to_stay = false;
};

/// Gives all files their names. They are complete; after an error `to_stay` says whether some old files are gone. What
/// this changes in the destination's parent is not yet on the disk.
[[nodiscard]] Result<void> commit_files(StagedFiles& staged);

}  // namespace omap
