#pragma once

#include <string_view>

namespace omap {

// The file names of a checkpoint directory, as Transformers writes and looks for them.
inline constexpr std::string_view safetensors_suffix = ".safetensors";
inline constexpr std::string_view safetensors_single_file = "model.safetensors";
inline constexpr std::string_view safetensors_index_file = "model.safetensors.index.json";
inline constexpr std::string_view safetensors_index_suffix = ".safetensors.index.json";

}  // namespace omap
