#pragma once

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/checkpoint_files.h"
#include "runtime/checkpoint/opened_checkpoint.h"

namespace omap {

/// Opens files that hold tensors by their names: safetensors, or what `torch.save` wrote; each is taken for what is
/// `wanted`, else for what its first bytes say. If there is an index, it names the files, and has to agree with them.
/// Every header is read.
[[nodiscard]] Result<OpenedCheckpoint> open_tensor_files(const CheckpointFiles& found,
                                                         std::optional<CheckpointFormat> wanted);

}  // namespace omap
