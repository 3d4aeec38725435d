#pragma once

#include <ATen/core/Tensor.h>

#include <span>

#include "diagnostics/diagnostic.h"
#include "runtime/bind/copy_program.h"

namespace omap {

/// Whether tied sources are equal, bit for bit; OM6013 for the first that are not. Two views of the same memory are.
[[nodiscard]] Result<void> compare_ties(std::span<const TieCheck> ties, std::span<const at::Tensor> sources,
                                        std::span<const std::string> keys);

}  // namespace omap
