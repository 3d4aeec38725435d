#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/bind/copy_program.h"
#include "runtime/bind/extents.h"
#include "runtime/bind/place_boxes.h"
#include "runtime/copy/strided_copy.h"

namespace omap {

/// Positions of indexes that keys fix: on such an axis a box has one place.
using Positions = std::vector<std::pair<std::string_view, std::int64_t>>;

/// One loop over the elements of a box; strides are in elements of the two tensors.
struct BoxLoop {
  std::string_view axis;
  std::int64_t extent = 0;
  std::int64_t source = 0;
  std::int64_t destination = 0;
};

/// A pair of boxes as loops in the destination's order, outermost first, with the offsets of their first elements.
struct BoxLoops {
  std::int64_t source_offset = 0;
  std::int64_t destination_offset = 0;
  std::vector<BoxLoop> loops;
};

/// The loops over a destination's box and its partner in the source. Axes that the keys of the source fix have one
/// place in the destination, and the other way round; axes that the source lacks are repeated: stride 0.
[[nodiscard]] BoxLoops box_loops(const BoxPlace& source, const Positions& source_fixed, const BoxPlace& destination,
                                 const Positions& destination_fixed);

/// Elements of `size` bytes, moved from the source to the destination.
[[nodiscard]] StridedCopy move_elements(const BoxLoops& loops, std::int64_t size);
/// From the source to where the elements lie densely by their numbers.
[[nodiscard]] StridedCopy gather_elements(const BoxLoops& loops, std::int64_t size);
/// From there to the destination.
[[nodiscard]] StridedCopy scatter_elements(const BoxLoops& loops, std::int64_t size);

/// The elements of an operand that meet the elements of a box, gathered likewise. `dims` is the operand's shape, of one
/// box; along axes that it lacks it is repeated, and along `r/128` each entry is, 128 times: the axis is split into
/// whole blocks and a rest. `strides` are those of its dimensions; `fixed` holds the axes that keys fix.
[[nodiscard]] std::vector<StridedCopy> gather_operand(const BoxLoops& loops, const std::vector<AxisExpr>& dims,
                                                      std::span<const std::int64_t> strides, const Extents& extents,
                                                      const Positions& fixed, std::int64_t size);

}  // namespace omap
