#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "runtime/dtype/dtype.h"

namespace omap {

/// A tensor to be written: dense, row-major.
struct OutputTensor {
  std::string key;
  Dtype dtype = Dtype::f32;
  std::vector<std::int64_t> shape;
};

/// A file to be written: `head` at its beginning, tensors after it, `size` bytes in all.
struct OutputFile {
  std::string name;
  std::string head;
  std::uint64_t size = 0;
};

/// Where the first byte of a tensor goes: an index into CheckpointLayout::files, and an offset in that file.
struct TensorPlace {
  std::uint32_t file = 0;
  std::uint64_t offset = 0;
};

/// Every name, size and offset of a checkpoint, known before a byte of data is.
struct CheckpointLayout {
  std::vector<OutputFile> files;
  /// Parallel to the tensors given.
  std::vector<TensorPlace> places;
  /// A small file that makes the others a checkpoint; gets its final name last.
  std::optional<OutputFile> index;

  [[nodiscard]] std::uint64_t total_bytes() const;
};

/// One file, `name`.
[[nodiscard]] Result<CheckpointLayout> lay_out_safetensors_file(std::span<const OutputTensor> tensors,
                                                                std::string name);

/// A directory: `model.safetensors` if everything fits in `max_shard_bytes`, else `model-00001-of-0000N.safetensors`
/// with `model.safetensors.index.json`. Tensors are taken in natural key order (`layers.2` before `layers.10`), each
/// shard is filled until the next tensor would exceed it; a larger tensor has a shard of its own.
/// Within a file, as the reference writer does: by dtype descending, then by name.
[[nodiscard]] Result<CheckpointLayout> lay_out_safetensors_directory(std::span<const OutputTensor> tensors,
                                                                     std::uint64_t max_shard_bytes);

}  // namespace omap
