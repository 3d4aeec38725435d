#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "runtime/bind/extents.h"
#include "runtime/plan/shape.h"

namespace omap {

/// An axis of a box in its tensor; the stride is in elements. Of a dropped piece, the name is empty.
struct AxisPlace {
  std::string axis;
  std::int64_t extent = 0;
  std::int64_t stride = 0;
};

/// Where a box lies in its tensor: element offset + sum of i_a * stride_a.
struct BoxPlace {
  std::int64_t offset = 0;
  std::vector<AxisPlace> axes;
};

/// The places of a shape's boxes, parallel to `boxes_of` (runtime/plan/boxes.h). `dims` has no `...` and every extent
/// is known; `sizes` and `strides` are the tensor's, and no element of it lies 2^63 or more elements from the first.
///
/// Within a dimension, for a product (a b): offset = offset_a * |b| + offset_b, strides of a times |b|;
/// for the k-th piece of a sum: offset = |p_0| + ... + |p_(k-1)| + its own. All of it times the dimension's stride.
[[nodiscard]] std::vector<BoxPlace> place_boxes(std::span<const AxisExpr> dims, std::span<const std::int64_t> sizes,
                                                std::span<const std::int64_t> strides, const Extents& extents);

}  // namespace omap
