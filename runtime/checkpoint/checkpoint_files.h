#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/checkpoint_format.h"

namespace omap {

/// The files that a path stands for, by their names alone: nothing is opened.
struct CheckpointFiles {
  /// The files that hold tensors, sorted; none yet where there is an index to name them, or metadata.
  std::vector<std::filesystem::path> files;
  std::optional<std::filesystem::path> index;
  /// The `.metadata` of a checkpoint of torch.distributed.checkpoint.
  std::optional<std::filesystem::path> metadata;
  /// The directory that the checkpoint is in; none for a single file that was named itself.
  std::optional<std::filesystem::path> directory;
};

/// `model-00002-of-00003.safetensors` taken apart.
struct ShardName {
  std::string_view stem;
  std::uint64_t shards = 0;
  /// With its dot.
  std::string_view suffix;
};
/// Nothing for a file that is no shard by its name. The result points into `file`.
[[nodiscard]] std::optional<ShardName> shard_name_of(std::string_view file);

/// A file, an index (`.safetensors.index.json`, `.bin.index.json`), or a directory, which holds one of these; the
/// first of these lines that it has:
///
///     .metadata | model_and_optim/.metadata
///     model.safetensors.index.json | model.safetensors
///     pytorch_model.bin.index.json, pytorch_model.bin
///     any *.safetensors, which are the shards of one checkpoint
///     model.pt
///     any *.pt, *.pth and *.bin, likewise
///     model/, a directory of such files
///
/// Lines are tried in order, but distributed checkpoints and safetensors beside each other have to be told apart: where
/// a format is `wanted`, lines of others are passed over.
[[nodiscard]] Result<CheckpointFiles> find_checkpoint_files(const std::filesystem::path& path,
                                                            std::optional<CheckpointFormat> wanted = {});

}  // namespace omap
