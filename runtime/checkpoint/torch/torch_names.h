#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace omap {

// The file names of pickled checkpoints: those of Transformers, and of OLMo-core's unsharded ones.
inline constexpr std::string_view torch_single_file = "pytorch_model.bin";
inline constexpr std::string_view torch_index_file = "pytorch_model.bin.index.json";
inline constexpr std::string_view torch_index_suffix = ".bin.index.json";
inline constexpr std::string_view torch_model_file = "model.pt";
inline constexpr std::array<std::string_view, 3> torch_suffixes = {".pt", ".pth", ".bin"};

[[nodiscard]] inline bool is_torch_file_name(std::string_view name) {
  return std::ranges::any_of(torch_suffixes, [&](std::string_view suffix) { return name.ends_with(suffix); });
}

}  // namespace omap
