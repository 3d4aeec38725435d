#pragma once

#include <cstdint>
#include <vector>

#include "runtime/bind/copy_program.h"
#include "runtime/checkpoint/tensor_index.h"
#include "runtime/copy/strided_copy.h"

namespace omap {

/// A part of a copy that reads one piece of its source; source offsets count from the piece's first byte.
struct PieceCopy {
  std::uint32_t piece = 0;
  StridedCopy copy;
};

/// Cuts a copy that reads a tensor as if it were dense into one that reads its pieces, in their order; each in normal
/// form. Together they write the same bytes.
///
/// Every loop of the copy runs along one dimension of the source, or along several that it has been merged over, and is
/// taken apart again; so a piece's interval of a dimension cuts that dimension's loops alone, as `clip` cuts a
/// destination's. What is left of the dimensions multiplies: a piece meets a box in few copies, usually one.
[[nodiscard]] std::vector<PieceCopy> cut_by_pieces(const StridedCopy& copy, const TensorInfo& source);

/// Replaces every copy whose source is in pieces.
void cut_by_pieces(CopyProgram& program, const TensorIndex& sources);

}  // namespace omap
