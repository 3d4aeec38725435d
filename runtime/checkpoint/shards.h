#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/checkpoint_layout.h"

namespace omap {

// How tensors are shared out among files, which every format does alike.

/// Places in a list of tensors.
using Members = std::vector<std::uint32_t>;

inline constexpr std::size_t max_shards = 99'999;

/// Bytes of each tensor. An error where their sum exceeds 63 bits, or one is not a whole number of bytes.
[[nodiscard]] Result<std::vector<std::uint64_t>> sizes_of(std::span<const OutputTensor> tensors);

/// All of them in natural key order (`layers.2` before `layers.10`). An error where a key stands twice.
[[nodiscard]] Result<Members> in_key_order(std::span<const OutputTensor> tensors);

/// Greedy, in order: a shard ends before the tensor that would exceed `max_bytes`; a larger tensor has one of its own.
/// At least one shard, possibly empty.
[[nodiscard]] std::vector<Members> shards_of(const Members& order, std::span<const std::uint64_t> sizes,
                                             std::uint64_t max_bytes);

/// Lays `members` out in an empty file, and says where each begins: `sizes` and `offsets` are parallel to all tensors.
using LayOutMembers = std::function<Result<void>(
    OutputFile& file, Members members, std::span<const std::uint64_t> sizes, std::vector<std::uint64_t>& offsets)>;

/// All tensors in one file, `name`.
[[nodiscard]] Result<CheckpointLayout> lay_out_one_file(std::span<const OutputTensor> tensors, std::string name,
                                                        const LayOutMembers& lay_out);

/// Names as Transformers gives them: `STEM.SUFFIX`, or `STEM-00001-of-00003.SUFFIX` and an index.
struct ShardNames {
  std::string_view stem;
  /// With its dot.
  std::string_view suffix;
  std::string_view index;
};

/// A directory: one file if everything fits in `max_bytes`, else shards and the index that says which tensor is where.
/// More than `max_shards` are an error (`index_invalid`).
[[nodiscard]] Result<CheckpointLayout> lay_out_shards(std::span<const OutputTensor> tensors, std::uint64_t max_bytes,
                                                      const ShardNames& names, const LayOutMembers& lay_out);

}  // namespace omap
