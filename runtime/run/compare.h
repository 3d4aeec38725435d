#pragma once

#include <cstdint>

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/checkpoint_reader.h"
#include "runtime/run/comparison.h"

namespace omap {

struct CompareOptions {
  unsigned threads = 2;
  /// Upper bound for all buffers together, in bytes; at least 128 KiB a thread is taken.
  std::uint64_t memory = 16ull << 20;
};

[[nodiscard]] Result<Comparison> compare(const CheckpointReader& a, const CheckpointReader& b,
                                         const CompareOptions& options);

}  // namespace omap
