#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "diagnostics/diagnostic.h"

namespace omap {

/// The files that a path stands for, by their names alone: nothing is opened.
struct CheckpointFiles {
  /// The `.safetensors` files, sorted; none yet where there is an index to name them.
  std::vector<std::filesystem::path> files;
  std::optional<std::filesystem::path> index;
  /// The directory that the checkpoint is in; none for a single file that was named itself.
  std::optional<std::filesystem::path> directory;
};

/// A `.safetensors` file, a `.safetensors.index.json`, or a directory with `model.safetensors.index.json`,
/// `model.safetensors`, or else any `.safetensors` files, which are the shards of one checkpoint.
[[nodiscard]] Result<CheckpointFiles> find_checkpoint_files(const std::filesystem::path& path);

}  // namespace omap
