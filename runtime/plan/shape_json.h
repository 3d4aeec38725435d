#pragma once

#include "runtime/json/value.h"
#include "runtime/plan/json_node.h"
#include "runtime/plan/shape.h"

namespace omap {

// The JSON of shapes (docs/plan-format.md "Shapes").

[[nodiscard]] Value shape_to_json(const Shape& shape);
[[nodiscard]] Shape shape_from_json(const JsonNode& node);

}  // namespace omap
