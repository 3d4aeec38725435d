#pragma once

#include <cstdint>
#include <filesystem>

#include "diagnostics/diagnostic.h"
#include "runtime/bind/bind.h"
#include "runtime/checkpoint/checkpoint_layout.h"

namespace omap::driver {

/// What a run writes, and where.
struct Output {
  std::filesystem::path path;
  bool is_directory = true;
  CheckpointLayout layout;
};

/// A path that ends in `.safetensors` is a file; any other is a directory, which gets the mapping's configs too.
[[nodiscard]] Result<Output> lay_out_output(const BoundMapping& bound, const std::filesystem::path& path,
                                            std::uint64_t max_shard_bytes);

}  // namespace omap::driver
