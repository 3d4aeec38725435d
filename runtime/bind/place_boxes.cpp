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

/// Every box of `outer` holds every box of `inner`, which is `inner_size` long.
std::vector<BoxPlace> nest(const std::vector<BoxPlace>& outer, const std::vector<BoxPlace>& inner,
                           std::int64_t inner_size) {
  std::vector<BoxPlace> all;
  all.reserve(outer.size() * inner.size());
  for (const BoxPlace& a : outer) {
    for (const BoxPlace& b : inner) {
      BoxPlace box = a;
      box.offset = a.offset * inner_size + b.offset;
      for (AxisPlace& place : box.axes) place.stride *= inner_size;
      box.axes.insert(box.axes.end(), b.axes.begin(), b.axes.end());
      all.push_back(std::move(box));
    }
  }
  return all;
}

Pieces product_of(const AxisExpr& axis, const Extents& extents, std::int64_t dropped) {
  Pieces product{1, {BoxPlace{}}};
  for (const AxisExpr& part : axis.parts) {
    const Pieces inner = pieces_of(part, extents, dropped);
    product.boxes = nest(product.boxes, inner.boxes, inner.extent);
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
      const std::int64_t extent = axis.size.value_or(dropped);
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
                                  const Extents& extents) {
  std::vector<BoxPlace> all{BoxPlace{}};
  for (std::size_t i = 0; i < dims.size(); ++i) {
    const Pieces dim = pieces_of(dims[i], extents, dropped_extent(dims[i], extents, sizes[i]));
    all = nest(all, dim.boxes, sizes[i]);
  }
  return all;
}

}  // namespace omap
