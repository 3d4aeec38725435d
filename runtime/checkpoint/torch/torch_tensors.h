#pragma once

#include <cstdint>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/checkpoint_file.h"
#include "runtime/checkpoint/tensor_index.h"

namespace omap {

/// The tensors of a file that `torch.save` wrote, by their keys: those in a dict by theirs, those in a dict in it, or
/// in a list, by the way there: `model.norm.weight`, `losses.0`. A tensor that was saved alone has the empty key. What
/// is no tensor is passed over. `number` is the file's place in TensorIndex::files. In the order of the file. Errors:
/// those of `read_torch_archive`, and `tensor_unreadable`.
[[nodiscard]] Result<std::vector<TensorInfo>> read_torch_tensors(const CheckpointFile& file, std::uint32_t number);

/// The one tensor that was saved alone in a part of a file, as torch.distributed.checkpoint saves them.
[[nodiscard]] Result<TensorInfo> read_torch_tensor(const FileSlice& archive, std::uint32_t number);

}  // namespace omap
