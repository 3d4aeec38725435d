#pragma once

#include <cstddef>

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/tensor_index.h"
#include "runtime/torch/state_dict.h"

namespace omap {

/// What binding has to know of a state: keys, dtypes, shapes and strides, in the order of its entries. No data is
/// touched. A tensor that is not strided memory (sparse, quantised, nested) is an error, OM7002.
[[nodiscard]] Result<TensorIndex> headers_of(const StateDict& state);
/// Keys alone: of things that are only renamed.
[[nodiscard]] TensorIndex keys_of(const StateDict& state);

/// The same tensor with its elements in memory as they are, outside of any gradient: LibTorch's lazy forms (conjugated,
/// negated, zero) are made plain. Throws what LibTorch does.
[[nodiscard]] at::Tensor plain(const at::Tensor& tensor);
/// The first element, to be read: what shares memory until it is written goes on sharing it.
[[nodiscard]] const std::byte* elements_of(const at::Tensor& tensor);

}  // namespace omap
