#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "runtime/dtype/dtype.h"

namespace omap {

/// A box of a tensor and the bytes of a file that hold it: an archive of `torch.save` with one tensor.
struct DistributedChunk {
  std::vector<std::int64_t> offsets;
  std::vector<std::int64_t> sizes;
  /// The plain name of a file beside the metadata; empty for a chunk without elements that is stored nowhere.
  std::string file;
  std::uint64_t begin = 0;
  std::uint64_t size = 0;
};

struct DistributedTensor {
  std::string key;
  Dtype dtype = Dtype::f32;
  std::vector<std::int64_t> shape;
  std::vector<DistributedChunk> chunks;
};

/// The `.metadata` of torch.distributed.checkpoint, which OLMo-core writes as well: a pickled
/// torch/distributed/checkpoint/metadata.py `Metadata`.
struct DistributedMetadata {
  std::vector<DistributedTensor> tensors;
  /// The entries that are other objects than tensors, pickled: their keys.
  std::vector<std::string> objects;
};

/// Reads it, of PyTorch 1.13 and newer: the classes of `torch.distributed.checkpoint`, of the older
/// `torch.distributed._shard`, and of `olmo_core.distributed.checkpoint`. Any other global is refused
/// (`pickle_global`), and so is an entry that these classes do not allow (`distributed_invalid`). Keys are unique, and
/// every chunk with elements has a place; whether chunks make up their tensors is not looked at. `file` is named in
/// errors.
[[nodiscard]] Result<DistributedMetadata> parse_distributed_metadata(std::vector<char> bytes, const std::string& file);

}  // namespace omap
