#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/checkpoint_layout.h"

namespace omap {

/// One file, `name`, as `torch.save` writes an ordered dict of plain tensors: it loads with `weights_only=True` and
/// with `mmap=True`. Errors: those of `check_for_torch`, and of sizes and keys.
[[nodiscard]] Result<CheckpointLayout> lay_out_torch_file(std::span<const OutputTensor> tensors, std::string name);

/// A directory as Transformers names its files: `pytorch_model.bin`, or `pytorch_model-00001-of-0000N.bin` with
/// `pytorch_model.bin.index.json`. Tensors are shared out as in `lay_out_safetensors_directory`.
[[nodiscard]] Result<CheckpointLayout> lay_out_torch_directory(std::span<const OutputTensor> tensors,
                                                               std::uint64_t max_shard_bytes);

}  // namespace omap
