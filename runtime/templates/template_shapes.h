#pragma once

#include <vector>

#include "runtime/plan/shape.h"
#include "runtime/templates/reshape.h"

namespace omap {

/// Shapes of the tensors of one rule, in the order of their keys.
struct TemplateShapes {
  std::vector<Shape> sources, destinations;
};

/// The shapes that say what a template does. With `marked`, each enumerated piece has an axis of extent 1 that only its
/// counterparts have: boxes then pair by their axes alone. Without, they have to pair in reading order.
[[nodiscard]] TemplateShapes write_shapes(const Reshaped& reshaped, bool marked);

}  // namespace omap
