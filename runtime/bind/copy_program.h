#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "diagnostics/source_range.h"
#include "runtime/copy/computation.h"
#include "runtime/copy/strided_copy.h"
#include "runtime/dtype/dtype.h"

namespace omap {

/// A box of a destination and where its bytes come from.
struct BoxCopy {
  /// Instead of a source: the box is filled with zero bytes.
  static constexpr std::uint32_t zero = UINT32_MAX;

  /// A place in TensorIndex::tensors of the source checkpoint, or `zero`.
  std::uint32_t source = zero;
  StridedCopy copy;
  /// A place in CopyProgram::computed: the elements are not moved but computed, and `copy` moves the results, which lie
  /// densely in the destination's order, from there. `source` has no meaning.
  std::optional<std::uint32_t> computed = {};
  /// A place in TensorInfo::pieces, if the source is in pieces: the source offsets of `copy` count from its first byte.
  std::uint32_t piece = 0;
};

/// The elements of a box, numbered in the destination's order, and what each is computed of.
struct ComputedBox {
  /// Elements of one tensor, moved to lie densely by their numbers; together the copies cover every one.
  struct Input {
    std::uint32_t source = 0;
    std::vector<StridedCopy> copies;
    /// Parallel to `copies`, if the source is in pieces: the one that each copy reads.
    std::vector<std::uint32_t> pieces = {};
  };
  Computation computation;
  /// Nothing where the computation has no source.
  std::optional<Input> source;
  /// Parallel to Computation::operands.
  std::vector<Input> operands;
};

/// A tensor to be written, and the boxes that tile it: each byte is in exactly one.
struct Destination {
  std::string key;
  Dtype dtype = Dtype::f32;
  std::vector<std::int64_t> shape;
  std::uint64_t bytes = 0;
  /// The rule that writes it, in Plan::rules; of a `same` the number of rules.
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
  std::vector<ComputedBox> computed;
  std::vector<TieCheck> ties;
};

}  // namespace omap
