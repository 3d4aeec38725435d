#pragma once

#include <filesystem>

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/opened_checkpoint.h"

namespace omap {

/// Opens a checkpoint of torch.distributed.checkpoint by its `.metadata`, with the files beside it. The header of every
/// piece is read and held against the metadata: its dtype, its shape, and that pieces make up their tensors.
[[nodiscard]] Result<OpenedCheckpoint> open_distributed_checkpoint(const std::filesystem::path& metadata);

}  // namespace omap
