#pragma once

#include <cstdint>
#include <vector>

#include "runtime/bind/bind_instance.h"
#include "runtime/bind/box_copies.h"

namespace omap {

/// In elements: those that a tensor says, or those of dense rows.
[[nodiscard]] std::vector<std::int64_t> element_strides(const TensorInfo& tensor);

/// All elements of a tensor, in the same order on both sides, densely in the destination.
[[nodiscard]] BoxLoops whole_loops(const TensorInfo& tensor);

/// A tensor that is moved as it is; key and rule are the caller's to fill in.
[[nodiscard]] Destination same_destination(const TensorInfo& source, std::uint32_t place);

/// The same of a tensor that is stored as `dtype`, with what that takes: a cast, if it is another float. Where dense
/// bytes of `dtype` are too many there is a problem.
[[nodiscard]] BoundInstance stored_destination(const TensorInfo& source, std::uint32_t place, Dtype dtype);

}  // namespace omap
