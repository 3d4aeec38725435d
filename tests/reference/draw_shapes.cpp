#include "tests/reference/draw_shapes.h"

#include <algorithm>
#include <map>
#include <set>

namespace omap::test {
namespace {

using Kind = AxisExpr::Kind;
constexpr std::size_t most_boxes = 8;
constexpr std::size_t most_dimensions = 6;

void collect(AxisExpr& axis, std::vector<AxisExpr*>& nodes) {
  nodes.push_back(&axis);
  for (AxisExpr& part : axis.parts) collect(part, nodes);
}

/// A product or a sum of two; parts of the same kind are mostly taken in, else they stay in their brackets.
AxisExpr joined(Random& random, Kind kind, const std::vector<AxisExpr>& parts) {
  std::vector<AxisExpr> all;
  for (const AxisExpr& part : parts) {
    if (part.kind == kind && random.chance(85)) {
      all.insert(all.end(), part.parts.begin(), part.parts.end());
    } else {
      all.push_back(part);
    }
  }
  return node_of(kind, std::move(all));
}

struct Factors {
  std::vector<BoxAxes> outer, inner;
};

/// Boxes as every one of `outer` with every one of `inner`, where `outer` has the axes `mine`; nothing if they are not.
std::optional<Factors> factor(const std::vector<BoxAxes>& boxes, const std::set<std::string>& mine) {
  std::map<BoxAxes, std::vector<BoxAxes>> inner;
  for (const BoxAxes& box : boxes) {
    BoxAxes in, out;
    for (const std::string& axis : box) (mine.contains(axis) ? out : in).push_back(axis);
    inner[out].push_back(in);
  }
  Factors factors;
  for (auto& [out, in] : inner) {
    std::sort(in.begin(), in.end());
    if (!factors.outer.empty() && in != factors.inner) return std::nullopt;
    factors.outer.push_back(out);
    factors.inner = in;
  }
  const std::vector<BoxAxes> nothing{BoxAxes()};
  if (factors.outer == nothing || factors.inner == nothing) return std::nullopt;
  return factors;
}

AxisExpr arrange(Random& random, std::vector<BoxAxes> boxes);

std::optional<AxisExpr> arrange_product(Random& random, const std::vector<BoxAxes>& boxes) {
  for (int tries = 0; tries < 4; ++tries) {
    std::set<std::string> mine;
    const BoxAxes& some = random.pick(boxes);
    if (some.empty()) continue;
    mine.insert(random.pick(some));
    for (const BoxAxes& box : boxes) {
      for (const std::string& axis : box) {
        if (random.chance(tries < 2 ? 0 : 50)) mine.insert(axis);
      }
    }
    const auto factors = factor(boxes, mine);
    if (!factors) continue;
    std::vector<AxisExpr> parts{arrange(random, factors->outer), arrange(random, factors->inner)};
    random.shuffle(parts);
    return joined(random, Kind::product, parts);
  }
  return std::nullopt;
}

AxisExpr arrange(Random& random, std::vector<BoxAxes> boxes) {
  if (boxes.size() == 1) {
    std::vector<AxisExpr> axes;
    for (const std::string& axis : boxes[0]) axes.push_back(axis_of(axis));
    random.shuffle(axes);
    AxisExpr product = node_of(Kind::product, std::move(axes));
    simplify(product);
    return product;
  }
  if (random.chance(80)) {
    if (auto product = arrange_product(random, boxes)) return *product;
  }
  if (random.chance(60)) random.shuffle(boxes);
  std::vector<AxisExpr> pieces;
  for (std::size_t first = 0; first < boxes.size();) {
    const std::size_t room = boxes.size() - first - (pieces.empty() ? 1 : 0);
    const std::size_t count = 1 + random.below(std::max<std::size_t>(1, room));
    const auto begin = boxes.begin() + static_cast<std::ptrdiff_t>(first);
    pieces.push_back(arrange(random, {begin, begin + static_cast<std::ptrdiff_t>(count)}));
    first += count;
  }
  return joined(random, Kind::sum, pieces);
}

}  // namespace

AxisExpr axis_of(std::string name) {
  AxisExpr axis;
  axis.name = std::move(name);
  return axis;
}

AxisExpr node_of(AxisExpr::Kind kind, std::vector<AxisExpr> parts) {
  AxisExpr node;
  node.kind = kind;
  node.parts = std::move(parts);
  return node;
}

void simplify(AxisExpr& axis) {
  for (AxisExpr& part : axis.parts) simplify(part);
  if (axis.kind != Kind::product && axis.kind != Kind::sum) return;
  if (axis.parts.empty()) {
    axis.kind = Kind::one;
  } else if (axis.parts.size() == 1) {
    AxisExpr only = axis.parts.front();
    axis = std::move(only);
  }
}

std::vector<AxisExpr*> nodes_of(Shape& shape) {
  std::vector<AxisExpr*> nodes;
  for (AxisExpr& dim : shape.dims) collect(dim, nodes);
  return nodes;
}

std::vector<BoxAxes> draw_boxes(Random& random, const std::function<std::string()>& fresh) {
  const auto few = [&](std::size_t most) {
    BoxAxes axes;
    for (std::size_t n = random.below(most + 1); n > 0; --n) axes.push_back(fresh());
    return axes;
  };
  std::vector<BoxAxes> boxes{few(2)};
  for (std::size_t steps = random.below(5); steps > 0; --steps) {
    const std::size_t step = random.below(6);
    if (step < 2) {
      const std::string axis = fresh();
      for (BoxAxes& box : boxes) box.push_back(axis);
    } else if (step < 4) {
      // Times a sum, of equal pieces or of pieces with axes of their own.
      const bool equal = random.chance(35);
      const BoxAxes first = few(2);
      std::vector<BoxAxes> product;
      for (std::size_t n = 2 + random.below(2); n > 0; --n) {
        const BoxAxes piece = equal ? first : few(2);
        for (BoxAxes box : boxes) {
          box.insert(box.end(), piece.begin(), piece.end());
          product.push_back(std::move(box));
        }
      }
      if (product.size() <= most_boxes) boxes = std::move(product);
    } else if (boxes.size() < most_boxes) {
      BoxAxes box = few(2);
      const BoxAxes& other = random.pick(boxes);
      if (!other.empty() && random.chance(60)) box.push_back(random.pick(other));
      boxes.push_back(std::move(box));
    }
  }
  for (BoxAxes& box : boxes) std::sort(box.begin(), box.end());
  return boxes;
}

Shape draw_shape(Random& random, const std::vector<BoxAxes>& boxes) {
  const AxisExpr all = arrange(random, boxes);
  std::vector<AxisExpr> factors = all.kind == Kind::product ? all.parts : std::vector{all};
  if (all.kind == Kind::one && random.chance(60)) factors.clear();
  if (random.chance(12)) {
    const auto at = static_cast<std::ptrdiff_t>(random.below(factors.size() + 1));
    factors.insert(factors.begin() + at, node_of(Kind::one, {}));
  }
  const unsigned together = random.chance(30) ? 0 : 35;
  Shape shape;
  for (std::size_t i = 0; i < factors.size();) {
    std::vector<AxisExpr> group{factors[i++]};
    while (i < factors.size() && (random.chance(together) || shape.dims.size() + 1 == most_dimensions)) {
      group.push_back(factors[i++]);
    }
    AxisExpr dim = node_of(Kind::product, std::move(group));
    simplify(dim);
    shape.dims.push_back(std::move(dim));
  }
  return shape;
}

void drop_somewhere(Random& random, Shape& shape, bool sized) {
  const auto nodes = nodes_of(shape);
  if (nodes.empty()) return;
  AxisExpr& node = *random.pick(nodes);
  if (node.kind == Kind::dropped || node.kind == Kind::ellipsis) return;
  AxisExpr dropped = node_of(Kind::dropped, {});
  if (sized) dropped.size = random.between(0, 3);
  if (node.kind != Kind::sum) node = node_of(Kind::sum, {node});
  const auto at = static_cast<std::ptrdiff_t>(random.below(node.parts.size() + 1));
  node.parts.insert(node.parts.begin() + at, std::move(dropped));
}

void repeat_somewhere(Random& random, Shape& shape, const std::string& axis) {
  const auto nodes = nodes_of(shape);
  if (nodes.empty() || random.chance(30)) {
    const auto at = static_cast<std::ptrdiff_t>(random.below(shape.dims.size() + 1));
    shape.dims.insert(shape.dims.begin() + at, axis_of(axis));
    return;
  }
  AxisExpr& node = *random.pick(nodes);
  if (node.kind == Kind::dropped || node.kind == Kind::ellipsis) return;
  std::vector<AxisExpr> parts{node, axis_of(axis)};
  random.shuffle(parts);
  node = node_of(Kind::product, std::move(parts));
}

}  // namespace omap::test
