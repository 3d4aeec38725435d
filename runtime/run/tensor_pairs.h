#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/checkpoint_reader.h"
#include "runtime/run/buffer_pair.h"
#include "runtime/run/element_difference.h"

namespace omap {

/// A tensor of one checkpoint.
struct TensorSource {
  const CheckpointReader* reader = nullptr;
  const TensorInfo* tensor = nullptr;
};

/// Two tensors of one dtype and one shape.
struct TensorPair {
  TensorSource a;
  TensorSource b;
};

/// Told of each chunk of `pairs[pair]` that differs, by one thread at a time; `first` counts from the tensor's first
/// element. Returns whether to go on.
using OnDifference = std::function<bool(std::size_t pair, const ElementDifference& difference)>;

/// Compares tensors bit by bit, or with a tolerance as numbers those that `decode` knows, chunk by chunk, with a worker
/// for each of `buffers`. Chunks are taken in order, and one that was taken is finished: when this returns, every chunk
/// before one that was told of has been compared too.
[[nodiscard]] Result<void> compare_tensors(std::span<const TensorPair> pairs, std::span<const BufferPair> buffers,
                                           const OnDifference& on_difference,
                                           const std::optional<Tolerance>& tolerance = {});

}  // namespace omap
