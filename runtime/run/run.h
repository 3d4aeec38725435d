#pragma once

#include <cstdint>
#include <functional>

#include "diagnostics/diagnostic.h"
#include "runtime/bind/copy_program.h"
#include "runtime/checkpoint/checkpoint_layout.h"
#include "runtime/checkpoint/checkpoint_reader.h"
#include "runtime/checkpoint/staged_output.h"

namespace omap {

struct RunOptions {
  unsigned threads = 2;
  /// Upper bound for all buffers of a run together, in bytes; at least 1 MiB a thread is taken.
  std::uint64_t memory = 64ull << 20;
  /// Called now and then, from one thread at a time, with the bytes written so far and in all. May be empty.
  std::function<void(std::uint64_t done, std::uint64_t total)> progress = {};
};

/// What a run will do, from the headers alone.
struct RunEstimate {
  std::uint64_t tensors = 0;
  std::uint64_t bytes_read = 0;
  std::uint64_t bytes_written = 0;
  /// Bytes of all buffers that the run will allocate.
  std::uint64_t buffer_bytes = 0;
};

[[nodiscard]] RunEstimate estimate(const CopyProgram& program, const TensorIndex& source,
                                   const CheckpointLayout& layout, const RunOptions& options);

/// Fills every tensor of `layout` that is not in a finished file of `output` (its places are parallel to
/// `program.destinations`) and checks every tie. Memory is bounded by `options.memory`, however large a tensor is. The
/// output is not committed. A source that was written to meanwhile is an error (`source_changed`).
[[nodiscard]] Result<void> run(const CopyProgram& program, const CheckpointReader& source,
                               const CheckpointLayout& layout, StagedOutput& output, const RunOptions& options);

}  // namespace omap
