#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/checkpoint_layout.h"

namespace omap {

/// One file, `name`.
[[nodiscard]] Result<CheckpointLayout> lay_out_safetensors_file(std::span<const OutputTensor> tensors,
                                                                std::string name);

/// A directory: `model.safetensors` if everything fits in `max_shard_bytes`, else `model-00001-of-0000N.safetensors`
/// with `model.safetensors.index.json`. Tensors are taken in natural key order (`layers.2` before `layers.10`), each
/// shard is filled until the next tensor would exceed it; a larger tensor has a shard of its own.
/// Within a file, as the reference writer does: by dtype descending, then by name.
[[nodiscard]] Result<CheckpointLayout> lay_out_safetensors_directory(std::span<const OutputTensor> tensors,
                                                                     std::uint64_t max_shard_bytes);

}  // namespace omap
