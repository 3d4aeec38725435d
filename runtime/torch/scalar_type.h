#pragma once

#include <c10/core/ScalarType.h>

#include <optional>

#include "runtime/dtype/dtype.h"

namespace omap {

/// What omap calls a dtype of LibTorch. One that it has no name for is foreign: it moves, and takes part in no
/// arithmetic. So no tensor is refused for its dtype, whatever LibTorch's version adds.
[[nodiscard]] Dtype dtype_of(c10::ScalarType type);

/// LibTorch's name of a dtype, if this version has it.
[[nodiscard]] std::optional<c10::ScalarType> scalar_type_of(Dtype dtype);

}  // namespace omap
