#pragma once

#include <cstdint>
#include <filesystem>

#include "diagnostics/diagnostic.h"
#include "runtime/torch/state_dict.h"

namespace omap {

/// All tensors of a checkpoint, on the CPU, by their full keys, in the order of its headers: whatever
/// `open_checkpoint` opens. A dtype that this LibTorch does not have is an error.
[[nodiscard]] Result<StateDict> read_state(const std::filesystem::path& path);

struct WriteStateOptions {
  /// Replace what is there.
  bool replace = false;
  std::uint64_t max_shard_bytes = 50'000'000'000;
};

/// Writes a state as safetensors: one file where `path` ends in `.safetensors`, else a directory with an index where
/// there are several shards. Nothing is under its final name before all of it is written. Memory: one tensor, of those
/// that are not on the CPU.
[[nodiscard]] Result<void> write_state(const StateDict& state, const std::filesystem::path& path,
                                       const WriteStateOptions& options = {});

}  // namespace omap
