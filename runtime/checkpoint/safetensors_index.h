#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "diagnostics/diagnostic.h"

namespace omap {

/// The file that holds each tensor: names in the directory of the index.
using WeightMap = std::map<std::string, std::string, std::less<>>;

/// Reads the `weight_map` of a `model.safetensors.index.json`; what else it holds is passed over. The names of the
/// files are plain: no path leads out of the directory, or into another one. `file` is named in errors.
[[nodiscard]] Result<WeightMap> parse_safetensors_index(std::string_view json, std::string_view file);

/// As Transformers writes it: `total_parameters` and `total_size` (bytes) as `metadata`, two blanks a level, names
/// sorted, ASCII only, a line end behind it.
[[nodiscard]] std::string write_safetensors_index(const WeightMap& weight_map, std::uint64_t total_parameters,
                                                  std::uint64_t total_size);

}  // namespace omap
