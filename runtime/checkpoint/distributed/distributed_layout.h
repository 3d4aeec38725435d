#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/checkpoint_layout.h"

namespace omap {

/// Where the files of a distributed checkpoint go in the destination's directory.
enum class DistributedFolder : std::uint8_t {
  /// Into it, as torch.distributed.checkpoint saves.
  directory,
  /// Into its folder `model_and_optim`, as OLMo-core's directory of a step has it, with the `.metadata.json` that says
  /// that the step is to be kept. Configs go beside that.
  step,
};

/// A checkpoint of torch.distributed.checkpoint, as one process saves it: `.metadata`, and `__0_0.distcp`, `__0_1...`,
/// which are filled in natural key order until the next tensor would exceed `max_file_bytes`; a larger one has a file
/// of its own. Each tensor is one chunk: an archive of `torch.save`, one behind another.
///
/// Keys that begin with `root`, such as `model.`, are said to be of a dict under that name in the state that was saved.
/// Read by PyTorch's own reader from 2.0 on, and by OLMo-core's. Errors: those of `check_for_torch`, of sizes and keys,
/// and `dtype_not_in_format` for elements smaller than a byte.
[[nodiscard]] Result<CheckpointLayout> lay_out_distributed(std::span<const OutputTensor> tensors, std::string_view root,
                                                           DistributedFolder place, std::uint64_t max_file_bytes);

}  // namespace omap
