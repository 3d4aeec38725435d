#pragma once

#include "diagnostics/diagnostic.h"
#include "runtime/bind/copy_program.h"
#include "runtime/checkpoint/tensor_index.h"

namespace omap::driver {

/// Holds what a program would write against the headers of a checkpoint that it should be like: names, shapes, dtypes.
/// One error for each kind of difference, keys folded.
[[nodiscard]] Diagnostics compare_like(const CopyProgram& program, const TensorIndex& like);

}  // namespace omap::driver
