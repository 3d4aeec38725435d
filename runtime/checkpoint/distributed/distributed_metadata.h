#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "runtime/dtype/dtype.h"

namespace omap {

/// Bytes of a file, an archive of `torch.save`.
struct DistributedPlace {
  /// The plain name of a file beside the metadata; empty for what is stored nowhere.
  std::string file;
  std::uint64_t begin = 0;
  std::uint64_t size = 0;
};

/// A box of a tensor, and the place of an archive with that one tensor; nowhere if it has no elements.
struct DistributedChunk {
  std::vector<std::int64_t> offsets;
  std::vector<std::int64_t> sizes;
  DistributedPlace place;
};

/// An entry that is another object than a tensor.
struct DistributedObject {
  std::string key;
  DistributedPlace place;
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
  std::vector<DistributedObject> objects;
};

/// Reads it, of PyTorch 1.13 and newer: the classes of `torch.distributed.checkpoint`, of the older
/// `torch.distributed._shard`, and of `olmo_core.distributed.checkpoint`. Any other global is refused
/// (`pickle_global`), and so is an entry that these classes do not allow (`distributed_invalid`). Keys are unique, and
/// every chunk with elements has a place; whether chunks make up their tensors is not looked at. `file` is named in
/// errors.
[[nodiscard]] Result<DistributedMetadata> parse_distributed_metadata(std::vector<char> bytes, const std::string& file);

}  // namespace omap
