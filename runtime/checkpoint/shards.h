#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/checkpoint_layout.h"

namespace omap {

// How tensors are shared out among files, which every format does alike.

/// Places in a list of tensors.
using Members = std::vector<std::uint32_t>;

/// Bytes of each tensor. An error where their sum exceeds 63 bits, or one is not a whole number of bytes.
[[nodiscard]] Result<std::vector<std::uint64_t>> sizes_of(std::span<const OutputTensor> tensors);

/// All of them in natural key order (`layers.2` before `layers.10`). An error where a key stands twice.
[[nodiscard]] Result<Members> in_key_order(std::span<const OutputTensor> tensors);

/// Greedy, in order: a shard ends before the tensor that would exceed `max_bytes`; a larger tensor has one of its own.
/// At least one shard, possibly empty.
[[nodiscard]] std::vector<Members> shards_of(const Members& order, std::span<const std::uint64_t> sizes,
                                             std::uint64_t max_bytes);

/// The error of more than `max_shards` shards, whose names count no further.
[[nodiscard]] Diagnostic too_many_shards(std::uint64_t shards, std::uint64_t max_bytes);

}  // namespace omap
