#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/checkpoint_layout.h"
#include "runtime/checkpoint/shards.h"

namespace omap {

// Archives of `torch.save` (torch/serialization.py), at the end of an output file. Each tensor has a storage of its
// own:
//
//     archive/data.pkl | archive/byteorder | archive/data/0, 1, ... | archive/version
//
// There is no `.format_version`: it promises a reader where storages lie in files that PyTorch itself has written.

/// Whether PyTorch has the dtypes and can hold the keys: `key_invalid`, `dtype_not_in_format`, `sub_byte_layout`.
[[nodiscard]] Result<void> check_for_torch(std::span<const OutputTensor> tensors);

/// An archive of one tensor of `size` bytes alone: where these begin.
[[nodiscard]] std::uint64_t append_tensor_archive(OutputFile& file, const OutputTensor& tensor, std::uint64_t size);

/// An archive of an ordered dict of `members`. `offsets` gets where each begins; it is parallel to `tensors`.
void append_state_archive(OutputFile& file, const Members& members, std::span<const OutputTensor> tensors,
                          std::span<const std::uint64_t> sizes, std::vector<std::uint64_t>& offsets);

}  // namespace omap
