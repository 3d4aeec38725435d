#pragma once

#include <cstdint>
#include <optional>

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/checkpoint_reader.h"
#include "runtime/run/comparison.h"

namespace omap {

struct CompareOptions {
  unsigned threads = 2;
  /// Upper bound for all buffers together, in bytes; at least 128 KiB a thread is taken.
  std::uint64_t memory = 16ull << 20;
  /// Numbers that differ by no more count as equal; bits are compared without it, and where `decode` knows no numbers.
  std::optional<Tolerance> tolerance = {};
  /// Look for a root that keys of one checkpoint have and those of the other lack (`added_root`), and leave it out.
  bool find_root = false;
};

/// Compares the tensors of two checkpoints by key: dtypes and shapes of all, and the bits of those that agree in both.
/// An error is one of reading, or `source_changed` where a file was written to meanwhile.
[[nodiscard]] Result<Comparison> compare(const CheckpointReader& a, const CheckpointReader& b,
                                         const CompareOptions& options);

}  // namespace omap
