#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace omap {

// The file names of a checkpoint directory, as Transformers writes and looks for them.
inline constexpr std::string_view safetensors_suffix = ".safetensors";
inline constexpr std::string_view safetensors_single_file = "model.safetensors";
inline constexpr std::string_view safetensors_index_file = "model.safetensors.index.json";
inline constexpr std::string_view safetensors_index_suffix = ".safetensors.index.json";

inline constexpr std::size_t max_shards = 99'999;

/// `model-00001-of-00003.safetensors`; `number` counts from 1.
[[nodiscard]] std::string shard_name(std::size_t number, std::size_t shards);

}  // namespace omap
