#pragma once

#include <string_view>

#include "diagnostics/diagnostic.h"
#include "runtime/bind/copy_program.h"
#include "runtime/checkpoint/tensor_index.h"
#include "runtime/plan/plan.h"

namespace omap::driver {

/// Holds what a program would write against the headers of a checkpoint that it should be like: names, shapes, dtypes.
/// Each has its root before its keys; tensors of the checkpoint outside it, an optimizer's, are passed over.
/// One error for each kind of difference, keys folded; the mends are for who can change `plan`'s text, or only set it.
[[nodiscard]] Diagnostics compare_like(const Plan& plan, const CopyProgram& program, std::string_view root,
                                       const TensorIndex& like, std::string_view like_root);

}  // namespace omap::driver
