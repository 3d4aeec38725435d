#include "runtime/bind/box_copies.h"

#include <algorithm>

namespace omap {
namespace {

std::optional<std::int64_t> find(const Positions& fixed, std::string_view axis) {
  const auto found = std::ranges::find(fixed, axis, &Positions::value_type::first);
  return found == fixed.end() ? std::nullopt : std::optional(found->second);
}

std::uint64_t bytes(std::int64_t elements, std::int64_t size) { return static_cast<std::uint64_t>(elements * size); }

/// Strides of the loops where the elements lie densely in their order.
std::vector<std::int64_t> dense_strides(const BoxLoops& loops) {
  std::vector<std::int64_t> strides(loops.loops.size());
  std::int64_t stride = 1;
  for (std::size_t i = loops.loops.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= loops.loops[i].extent;
  }
  return strides;
}

StridedCopy empty_copy(std::int64_t size) {
  StridedCopy copy;
  copy.run_bytes = static_cast<std::uint64_t>(size);
  return copy;
}

/// An axis of an operand: position i of it is at (i / divisor) * stride.
struct OperandAxis {
  std::string_view axis;
  std::int64_t divisor = 1;
  std::int64_t stride = 0;
};

std::int64_t ceil_divide(std::int64_t a, std::int64_t b) { return a / b + (a % b != 0 ? 1 : 0); }

/// Innermost first: `stride` is that of what follows, and becomes that of what comes before.
void place_axes(const AxisExpr& dim, const Extents& extents, std::int64_t& stride, std::vector<OperandAxis>& axes) {
  switch (dim.kind) {
    case AxisExpr::Kind::product:
      for (std::size_t i = dim.parts.size(); i-- > 0;) place_axes(dim.parts[i], extents, stride, axes);
      return;
    case AxisExpr::Kind::divided:
      axes.push_back({dim.name, *dim.size, stride});
      stride *= ceil_divide(*extents.find(dim.name), *dim.size);
      return;
    case AxisExpr::Kind::axis:
      axes.push_back({dim.name, 1, stride});
      stride *= dim.size ? *dim.size : *extents.find(dim.name);
      return;
    default:
      return;
  }
}

/// Copies in the making: the same loops, split where a block of an operand's axis ends.
void add_loop(std::vector<StridedCopy>& copies, const BoxLoop& loop, std::int64_t dense, const OperandAxis* axis,
              std::int64_t size) {
  const std::int64_t divisor = axis ? axis->divisor : 1;
  const std::int64_t stride = axis ? axis->stride : 0;
  const auto dim = [&](std::int64_t extent, std::int64_t source, std::int64_t destination) {
    return CopyDim{static_cast<std::uint64_t>(extent), bytes(source, size), bytes(destination, size)};
  };
  if (divisor == 1) {
    for (StridedCopy& copy : copies) copy.dims.push_back(dim(loop.extent, stride, dense));
    return;
  }
  const std::int64_t whole = loop.extent / divisor;
  const std::int64_t rest = loop.extent % divisor;
  std::vector<StridedCopy> split;
  for (const StridedCopy& copy : copies) {
    if (whole > 0) {
      split.push_back(copy);
      split.back().dims.push_back(dim(whole, stride, dense * divisor));
      split.back().dims.push_back(dim(divisor, 0, dense));
    }
    if (rest > 0) {
      split.push_back(copy);
      split.back().src_offset += bytes(whole * stride, size);
      split.back().dst_offset += bytes(whole * divisor * dense, size);
      split.back().dims.push_back(dim(rest, 0, dense));
    }
  }
  copies = std::move(split);
}

}  // namespace

BoxLoops box_loops(const BoxPlace& source, const Positions& source_fixed, const BoxPlace& destination,
                   const Positions& destination_fixed) {
  BoxLoops loops{source.offset, destination.offset, {}};
  for (const AxisPlace& axis : source.axes) {
    if (const auto at = find(destination_fixed, axis.axis)) loops.source_offset += *at * axis.stride;
  }
  for (const AxisPlace& axis : destination.axes) {
    if (const auto at = find(source_fixed, axis.axis)) {
      loops.destination_offset += *at * axis.stride;
      continue;
    }
    const auto partner = std::ranges::find(source.axes, axis.axis, &AxisPlace::axis);
    loops.loops.push_back({axis.axis, axis.extent, partner == source.axes.end() ? 0 : partner->stride, axis.stride});
  }
  std::ranges::stable_sort(loops.loops, std::ranges::greater(), &BoxLoop::destination);
  return loops;
}

StridedCopy move_elements(const BoxLoops& loops, std::int64_t size) {
  StridedCopy copy = empty_copy(size);
  copy.src_offset = bytes(loops.source_offset, size);
  copy.dst_offset = bytes(loops.destination_offset, size);
  for (const BoxLoop& loop : loops.loops) {
    copy.dims.push_back({bytes(loop.extent, 1), bytes(loop.source, size), bytes(loop.destination, size)});
  }
  if (!copy.empty()) normalize(copy);
  return copy;
}

StridedCopy gather_elements(const BoxLoops& loops, std::int64_t size) {
  const auto dense = dense_strides(loops);
  StridedCopy copy = empty_copy(size);
  copy.src_offset = bytes(loops.source_offset, size);
  for (std::size_t i = 0; i < dense.size(); ++i) {
    copy.dims.push_back({bytes(loops.loops[i].extent, 1), bytes(loops.loops[i].source, size), bytes(dense[i], size)});
  }
  normalize(copy);
  return copy;
}

StridedCopy scatter_elements(const BoxLoops& loops, std::int64_t size) {
  const auto dense = dense_strides(loops);
  StridedCopy copy = empty_copy(size);
  copy.dst_offset = bytes(loops.destination_offset, size);
  for (std::size_t i = 0; i < dense.size(); ++i) {
    copy.dims.push_back(
        {bytes(loops.loops[i].extent, 1), bytes(dense[i], size), bytes(loops.loops[i].destination, size)});
  }
  normalize(copy);
  return copy;
}

std::vector<StridedCopy> gather_operand(const BoxLoops& loops, const std::vector<AxisExpr>& dims,
                                        std::span<const std::int64_t> strides, const Extents& extents,
                                        const Positions& fixed, std::int64_t size) {
  std::vector<OperandAxis> axes;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    std::int64_t stride = strides[i];
    place_axes(dims[i], extents, stride, axes);
  }

  std::vector<StridedCopy> copies{empty_copy(size)};
  for (const OperandAxis& axis : axes) {
    if (const auto at = find(fixed, axis.axis)) copies[0].src_offset += bytes(*at / axis.divisor * axis.stride, size);
  }
  const auto dense = dense_strides(loops);
  for (std::size_t i = 0; i < dense.size(); ++i) {
    const auto axis = std::ranges::find(axes, loops.loops[i].axis, &OperandAxis::axis);
    add_loop(copies, loops.loops[i], dense[i], axis == axes.end() ? nullptr : &*axis, size);
  }
  for (StridedCopy& copy : copies) normalize(copy);
  return copies;
}

}  // namespace omap
