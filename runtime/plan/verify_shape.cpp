#include "runtime/plan/verify_shape.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "runtime/plan/plan_limits.h"

namespace omap {
namespace {

using Kind = AxisExpr::Kind;

/// What choosing one piece of each sum gives: how many boxes, and how many axes they have together.
struct BoxSize {
  std::uint64_t boxes = 1;
  std::uint64_t axes = 0;
};

/// Both numbers stay at their limit + 1 once beyond it, so that no product of two overflows.
BoxSize capped(std::uint64_t boxes, std::uint64_t axes) {
  return {std::min<std::uint64_t>(boxes, PlanLimits::boxes + 1),
          std::min<std::uint64_t>(axes, PlanLimits::box_axes + 1)};
}

BoxSize product_of(BoxSize a, BoxSize b) { return capped(a.boxes * b.boxes, a.axes * b.boxes + b.axes * a.boxes); }

class ShapeCheck {
 public:
  ShapeCheck(Verification& verification, SourceRange range) : verification_(verification), range_(range) {}

  /// Recursion ends where the depth exceeds its limit.
  BoxSize axis(const AxisExpr& axis, const Place& place, std::size_t depth) {
    if (depth > PlanLimits::shape_depth) {
      verification_.exceeds(range_, place, "a shape is nested", PlanLimits::shape_depth, "deep");
      return {};
    }
    verification_.count_element(range_, place);
    verify_fields(axis, place, depth);
    if (axis.kind != Kind::product && axis.kind != Kind::sum) return {1, axis.name.empty() ? 0u : 1u};
    BoxSize size = axis.kind == Kind::sum ? BoxSize{0, 0} : BoxSize{1, 0};
    for (std::size_t i = 0; i < axis.parts.size(); ++i) {
      const BoxSize part = this->axis(axis.parts[i], place.item(i + 1), depth + 1);
      size = axis.kind == Kind::sum ? capped(size.boxes + part.boxes, size.axes + part.axes) : product_of(size, part);
    }
    return size;
  }

 private:
  /// Each kind has what belongs to it, and nothing else.
  void verify_fields(const AxisExpr& axis, const Place& place, std::size_t depth) {
    const bool named = axis.kind == Kind::axis || axis.kind == Kind::divided ||
                       (axis.kind == Kind::dropped && !axis.size && !axis.name.empty());
    const bool nests = axis.kind == Kind::product || axis.kind == Kind::sum;
    if (named) {
      verification_.check_name(axis.name, range_, place);
    } else if (!axis.name.empty()) {
      verification_.malformed(range_, place, "this kind of dimension has no name");
    }
    if (nests ? axis.parts.size() < 2 : !axis.parts.empty()) {
      verification_.malformed(range_, place, "products and sums have two parts or more, and nothing else has any");
    }
    verify_size(axis, place);
    if (axis.kind == Kind::ellipsis && depth > 1) {
      verification_.malformed(range_, place, "`...` is a whole dimension, not part of one");
    }
  }
  void verify_size(const AxisExpr& axis, const Place& place) {
    if (axis.kind == Kind::divided) {
      if (axis.size.value_or(0) < 1) verification_.malformed(range_, place, "an axis is divided by 1 or more");
    } else if (axis.size && axis.kind != Kind::axis && axis.kind != Kind::dropped) {
      verification_.malformed(range_, place, "this kind of dimension has no size");
    } else if (axis.size && *axis.size < 0) {
      verification_.malformed(range_, place, "a size is negative");
    }
  }

  Verification& verification_;
  SourceRange range_;
};

}  // namespace

void verify_shape(Verification& verification, const Shape& shape, SourceRange range, const Place& place) {
  if (shape.dims.size() > PlanLimits::rank) {
    verification.exceeds(range, place, "a shape has", PlanLimits::rank, "dimensions");
    return;
  }
  BoxSize size;
  ShapeCheck check(verification, range);
  for (std::size_t i = 0; i < shape.dims.size(); ++i) {
    size = product_of(size, check.axis(shape.dims[i], place.item(i), 1));
  }
  const auto ellipses = std::count_if(shape.dims.begin(), shape.dims.end(),
                                      [](const AxisExpr& dim) { return dim.kind == Kind::ellipsis; });
  if (ellipses > 1) verification.malformed(range, place, "`...` stands {} times", ellipses);

  if (size.boxes > PlanLimits::boxes) {
    verification.exceeds(range, place, "a tensor has", PlanLimits::boxes, "boxes: choices of one piece of each sum");
    return;
  }
  if (size.boxes == 1) return;
  const bool fitted = verification.box_axes <= PlanLimits::box_axes;
  verification.box_axes += size.boxes + size.axes;
  if (fitted && verification.box_axes > PlanLimits::box_axes) {
    verification.exceeds(range, place, "the boxes of a plan and their axes are", PlanLimits::box_axes);
  }
}

}  // namespace omap
