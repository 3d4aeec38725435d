#include "runtime/checkpoint/safetensors_names.h"

#include <fmt/format.h>

namespace omap {

std::string shard_name(std::size_t number, std::size_t shards) {
  return fmt::format("model-{:05}-of-{:05}{}", number, shards, safetensors_suffix);
}

}  // namespace omap
