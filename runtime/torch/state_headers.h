#pragma once

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/tensor_index.h"
#include "runtime/torch/state_dict.h"

namespace omap {

/// What binding has to know of a state: keys, dtypes, shapes and strides, in the order of its entries. No data is
/// touched. A tensor that is not strided memory (sparse, quantised, nested) is an error, OM7002.
[[nodiscard]] Result<TensorIndex> headers_of(const StateDict& state);

}  // namespace omap
