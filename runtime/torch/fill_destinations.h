#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "runtime/bind/copy_program.h"
#include "runtime/torch/convert_options.h"

namespace omap {

/// Runs a program over tensors: `sources` by place in the TensorIndex that it was bound to, plain (neither conjugated
/// nor negated lazily). Gives a tensor for each destination. Ties are the caller's to compare
/// (`compare_ties.h`).
///
/// Each destination is allocated once and filled by one pass:
/// - a view of its source, where options allow it and `view_of` finds one;
/// - the memory of its source, where that is released and moves as a whole, in its order;
/// - all on the CPU: by the copy engine that files are written with, in parts, by several threads;
/// - from the CPU to a device: the same, through a pinned buffer for each thread;
/// - on a device: by one strided copy for each box, on one stream. Sources elsewhere are moved there first, and a
///   destination elsewhere is moved when it is done.
[[nodiscard]] Result<std::vector<at::Tensor>> fill_destinations(const CopyProgram& program,
                                                                std::vector<at::Tensor> sources,
                                                                const ConvertOptions& options);

}  // namespace omap
