#include "runtime/checkpoint/safetensors_names.h"

#include <fmt/format.h>

namespace omap {

std::string shard_name(std::size_t number, std::size_t shards) {
  return fmt::format("model-{:05}-of-{:05}{}", number, shards, safetensors_suffix);
}

bool is_weight_file_name(std::string_view name) {
  if (name == safetensors_single_file) return true;
  return name.starts_with("model-") && name.ends_with(safetensors_suffix) &&
         name.find("-of-") != std::string_view::npos;
}

}  // namespace omap
