#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "diagnostics/source_range.h"
#include "runtime/checkpoint/dtype.h"
#include "runtime/copy/strided_copy.h"

namespace omap {

/// A box of a destination and where its bytes come from.
struct BoxCopy {
  /// Instead of a source: the box is filled with zero bytes.
  static constexpr std::uint32_t zero = UINT32_MAX;

  /// A place in TensorIndex::tensors of the source checkpoint, or `zero`.
  std::uint32_t source = zero;
  StridedCopy copy;
};

/// A tensor to be written, and the boxes that tile it: each byte is in exactly one.
struct Destination {
  std::string key;
  Dtype dtype = Dtype::f32;
  std::vector<std::int64_t> shape;
  std::uint64_t bytes = 0;
  /// The rule that writes it, in Plan::rules.
  std::uint32_t rule = 0;
  std::vector<BoxCopy> boxes;
};

/// Two sources that have to be equal, byte for byte, before anything gets its final name.
struct TieCheck {
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  /// The `tie` statement.
  SourceRange range;
};

/// What binding makes of a plan and the headers of a checkpoint: plain data, complete, ready to run.
struct CopyProgram {
  std::vector<Destination> destinations;
  std::vector<TieCheck> ties;
};

}  // namespace omap
