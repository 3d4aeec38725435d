#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "runtime/checkpoint/pickle/pickle.h"
#include "runtime/dtype/dtype.h"

namespace omap {

/// A storage that a pickle refers to: the persistent id `('storage', type, key, location, numel)`.
struct StorageReference {
  std::string_view key;
  /// The name of its class: `torch.FloatStorage`.
  std::string_view type;
  std::uint64_t bytes = 0;
};

/// A tensor as the calls that would rebuild it say.
struct StoredTensor {
  Dtype dtype = Dtype::f32;
  std::vector<std::int64_t> shape;
  /// In elements; empty where it is dense.
  std::vector<std::int64_t> strides;
  StorageReference storage;
  /// Bytes [begin, begin + size) of the storage hold all elements.
  std::uint64_t begin = 0;
  std::uint64_t size = 0;
};

/// What a persistent id refers to, or why it is no storage.
[[nodiscard]] tl::expected<StorageReference, std::string> read_storage(PickleValue persistent);

/// Whether a value is a tensor or a parameter of any kind.
[[nodiscard]] bool is_tensor(PickleValue value);

/// The place of a tensor: of `torch._utils._rebuild_tensor` (also `_v2` and `_v3`), `_rebuild_parameter`,
/// and of `torch._tensor._rebuild_from_type_v2` around them. What is not read is said with its reason, to be read
/// behind the tensor's name: sparse and quantized tensors, conjugated and negated views, dtypes without a counterpart,
/// strides and offsets outside the storage.
[[nodiscard]] tl::expected<StoredTensor, std::string> rebuild_tensor(PickleValue value);

/// The globals that a file of tensors may name: the ones that PyTorch's own `weights_only` allows.
[[nodiscard]] bool is_checkpoint_global(std::string_view name);

/// The integers of a tuple, or of `torch.Size` of one: at most 64, none that is negative.
[[nodiscard]] std::optional<std::vector<std::int64_t>> read_sizes(PickleValue value);

}  // namespace omap
