#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/tensor_index.h"

namespace omap {

// The format of torch.distributed.checkpoint's HuggingFaceStorageWriter: each rank writes safetensors files with its
// own pieces of the tensors, under the tensors' keys. Where a piece lies stands in `__metadata__`:
//
//     "DCP_SHARDING_INFO": "{\"KEY\": {\"saved_offsets\": [0, 16]}, ...}"
//
// The shape of a tensor is the smallest that holds all its pieces.

inline constexpr std::string_view sharding_entry = "DCP_SHARDING_INFO";

/// Where the pieces of a file begin in their tensors.
using SavedOffsets = std::map<std::string, std::vector<std::int64_t>, std::less<>>;

/// Reads the text of that entry; `file` is named in errors.
[[nodiscard]] Result<SavedOffsets> parse_saved_offsets(std::string_view json, const std::string& file);

/// A tensor of a file, and where it begins in the one that it is a piece of; empty: at its beginning.
struct SavedPiece {
  TensorInfo tensor;
  std::vector<std::int64_t> offsets;
};

/// Joins pieces of the same key. Errors name the checkpoint, `subject`.
[[nodiscard]] Result<std::vector<TensorInfo>> join_saved_pieces(std::vector<SavedPiece> pieces,
                                                                const std::string& subject);

}  // namespace omap
