#pragma once

#include <string_view>
#include <vector>

#include "runtime/checkpoint/checkpoint_file.h"
#include "runtime/checkpoint/checkpoint_format.h"
#include "runtime/checkpoint/stored_object.h"
#include "runtime/checkpoint/tensor_index.h"

namespace omap {

/// What every format gives: open files, and tensors whose ByteRange::file is a place among them. Keys are unique.
struct OpenedCheckpoint {
  /// As sides of a mapping name it: `safetensors`, `torch` or `dcp`.
  std::string_view format;
  std::vector<CheckpointFile> files;
  std::vector<TensorInfo> tensors;
  /// Entries that are no tensors, where the format has them.
  std::vector<StoredObject> objects = {};
};

}  // namespace omap
