#include "runtime/bind/place_boxes.h"

namespace omap {
namespace {

/// The boxes of one dimension, or of a part of it, in units of its innermost element.
struct Pieces {
  std::int64_t extent = 0;
  std::vector<BoxPlace> boxes;
};

Pieces pieces_of(const AxisExpr& axis, const Extents& extents, std::int64_t dropped);

Pieces sum_of(const AxisExpr& axis, const Extents& extents, std::int64_t dropped) {
  Pieces sum;
  for (const AxisExpr& part : axis.parts) {
    Pieces inner = pieces_of(part, extents, dropped);
    for (BoxPlace& box : inner.boxes) {
      box.offset += sum.extent;
      sum.boxes.push_back(std::move(box));
    }
    sum.extent += inner.extent;
  }
  return sum;
}

/// Every box of `outer` holds every box of `inner`; positions of the outer count `outer_unit` elements, of the inner
/// `inner_unit`.
std::vector<BoxPlace> nest(const std::vector<BoxPlace>& outer, std::int64_t outer_unit,
                           const std::vector<BoxPlace>& inner, std::int64_t inner_unit) {
  std::vector<BoxPlace> all;
  all.reserve(outer.size() * inner.size());
  for (const BoxPlace& a : outer) {
    for (const BoxPlace& b : inner) {
      BoxPlace& box = all.emplace_back();
      box.offset = a.offset * outer_unit + b.offset * inner_unit;
      box.axes.reserve(a.axes.size() + b.axes.size());
      for (const AxisPlace& place : a.axes) box.axes.push_back({place.axis, place.extent, place.stride * outer_unit});
      for (const AxisPlace& place : b.axes) box.axes.push_back({place.axis, place.extent, place.stride * inner_unit});
    }
  }
  return all;
}

Pieces product_of(const AxisExpr& axis, const Extents& extents, std::int64_t dropped) {
  Pieces product{1, {BoxPlace{}}};
  for (const AxisExpr& part : axis.parts) {
    const Pieces inner = pieces_of(part, extents, dropped);
    product.boxes = nest(product.boxes, inner.extent, inner.boxes, 1);
    product.extent *= inner.extent;
  }
  return product;
}

Pieces pieces_of(const AxisExpr& axis, const Extents& extents, std::int64_t dropped) {
  switch (axis.kind) {
    case AxisExpr::Kind::sum:
      return sum_of(axis, extents, dropped);
    case AxisExpr::Kind::product:
      return product_of(axis, extents, dropped);
    case AxisExpr::Kind::one:
      return {1, {BoxPlace{}}};
    case AxisExpr::Kind::dropped: {
      const std::int64_t extent = axis.name.empty() ? axis.size.value_or(dropped) : *extents.find(axis.name);
      return {extent, {BoxPlace{0, {{"", extent, 1}}}}};
    }
    default: {
      const std::int64_t extent = axis.size ? *axis.size : *extents.find(axis.name);
      return {extent, {BoxPlace{0, {{axis.name, extent, 1}}}}};
    }
  }
}

}  // namespace

std::vector<BoxPlace> place_boxes(std::span<const AxisExpr> dims, std::span<const std::int64_t> sizes,
                                  std::span<const std::int64_t> strides, const Extents& extents) {
  std::vector<BoxPlace> all{BoxPlace{}};
  for (std::size_t i = 0; i < dims.size(); ++i) {
    const Pieces dim = pieces_of(dims[i], extents, dropped_extent(dims[i], extents, sizes[i]));
    all = nest(all, 1, dim.boxes, strides[i]);
  }
  return all;
}

}  // namespace omap
