#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/distributed/distributed_names.h"
#include "runtime/checkpoint/safetensors_names.h"
#include "runtime/checkpoint/torch/torch_names.h"

namespace omap {

// Which names in a checkpoint's directory belong to the weights, whatever format wrote them. Names are relative to the
// directory, with `/` behind the folder.

/// What models are told by, in each of the formats that are directories.
inline constexpr std::string_view config_file_name = "config.json";

/// Files that make others a checkpoint: a loader begins with them.
inline constexpr std::array<std::string_view, 4> index_file_names = {
    safetensors_index_file, torch_index_file, distributed_metadata_file, "model_and_optim/.metadata"};

/// Folders of such a directory that have weights in them.
inline constexpr std::array<std::string_view, 1> weight_folders = {model_and_optim};

[[nodiscard]] bool is_index_file_name(std::string_view name);

/// Whether a loader would take a file of this name for a part of the checkpoint: `model.safetensors`,
/// `model-N-of-N.safetensors`, `pytorch_model.bin`, `pytorch_model-N-of-N.bin` (N: digits), `__*.distcp`.
[[nodiscard]] bool is_weight_file_name(std::string_view name);

/// The names of what is in `directory` and in its weight folders, sorted; links to folders are not followed.
/// What is no directory has none; one that cannot be read is an error (`write_failed`): what is to be replaced
/// has to be known.
[[nodiscard]] Result<std::vector<std::string>> names_below(const std::filesystem::path& directory);

}  // namespace omap
