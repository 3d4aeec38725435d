#pragma once

#include <cstddef>
#include <span>

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/checkpoint_file.h"

namespace omap {

struct TorchArchive;

/// Whether a file begins with the magic number of the format that `torch.save` wrote before PyTorch 1.6, pickled.
[[nodiscard]] bool begins_legacy_archive(std::span<const std::byte> first);

/// Reads that format: see `read_torch_archive`.
[[nodiscard]] Result<TorchArchive> read_legacy_archive(const FileSlice& archive);

}  // namespace omap
