#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/checkpoint_file.h"
#include "runtime/checkpoint/pickle/pickle.h"

namespace omap {

/// What `torch.save` wrote: an object as a pickle, and the bytes of the storages that it refers to by their keys.
struct TorchArchive {
  /// Where the bytes of a storage lie in the file.
  struct Place {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };
  Pickle pickle;
  std::unordered_map<std::string, Place> storages;
};

/// Whether a file that begins so may be an archive of `torch.save`: a zip archive, or a pickle of the old format's
/// magic number.
[[nodiscard]] bool begins_torch_archive(std::span<const std::byte> first);

/// Reads the headers of an archive (torch/serialization.py): a zip archive, whatever its root folder is called,
///
///     ROOT/data.pkl | ROOT/byteorder | ROOT/data/KEY for each storage
///
/// or the format before PyTorch 1.6, five pickles and the storages in the order of their keys:
///
///     0x1950a86a20f9469cfc6c | 1001 | system | object | [KEY...] | for each: u64 elements, bytes
///
/// Little-endian archives only. Nothing of a pickle is executed; globals that are no part of tensors are refused
/// (`pickle_global`).
[[nodiscard]] Result<TorchArchive> read_torch_archive(const FileSlice& archive);

}  // namespace omap
