#pragma once

#include <filesystem>

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/opened_checkpoint.h"

namespace omap {

/// The file that makes a directory a checkpoint of torch.distributed.checkpoint.
inline constexpr std::string_view distributed_metadata_file = ".metadata";

/// Opens a checkpoint of torch.distributed.checkpoint by its `.metadata`, with the files beside it. The header of every
/// piece is read and held against the metadata: its dtype, its shape, and that pieces make up their tensors.
[[nodiscard]] Result<OpenedCheckpoint> open_distributed_checkpoint(const std::filesystem::path& metadata);

}  // namespace omap
