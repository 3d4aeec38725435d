#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/plan/shape.h"
#include "tests/reference/random.h"

namespace omap::test {

/// The axes of one box.
using BoxAxes = std::vector<std::string>;

/// Boxes that two sides of a rule may share; `fresh` gives another name at every call. Boxes may be equal.
[[nodiscard]] std::vector<BoxAxes> draw_boxes(Random& random, const std::function<std::string()>& fresh);

/// A shape whose boxes are exactly these, factored and nested at random: sums in products, products in sums. At most
/// six dimensions.
[[nodiscard]] Shape draw_shape(Random& random, const std::vector<BoxAxes>& boxes);

/// Every axis expression of a shape, the dimensions and what is in them.
[[nodiscard]] std::vector<AxisExpr*> nodes_of(Shape& shape);

/// Products and sums of one part are that part; of none, `1`.
void simplify(AxisExpr& axis);

[[nodiscard]] AxisExpr axis_of(std::string name);
[[nodiscard]] AxisExpr node_of(AxisExpr::Kind kind, std::vector<AxisExpr> parts);

/// Puts a piece `_`, with a size or without, into a sum, or makes one of a random node.
void drop_somewhere(Random& random, Shape& shape, bool sized);
/// Makes a random node a product of itself and an axis.
void repeat_somewhere(Random& random, Shape& shape, const std::string& axis);

}  // namespace omap::test
