#pragma once

#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "runtime/checkpoint/tensor_index.h"

namespace omap {

/// A tensor of pieces that were stored apart, or why they are not one: a piece outside the shape, two that overlap,
/// elements that no piece has. Pieces without elements are left out, and one that is the whole tensor is no piece.
/// n log n in the number of pieces, where they lie along one dimension.
[[nodiscard]] tl::expected<TensorInfo, std::string> assemble_tensor(std::string key, Dtype dtype,
                                                                    std::vector<std::int64_t> shape,
                                                                    std::vector<TensorPiece> pieces);

}  // namespace omap
