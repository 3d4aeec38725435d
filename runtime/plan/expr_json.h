#pragma once

#include "runtime/json/value.h"
#include "runtime/plan/expr.h"
#include "runtime/plan/json_node.h"

namespace omap {

// The JSON of expressions and keys (docs/plan-format.md "Expressions", "Keys").

[[nodiscard]] Value expr_to_json(const Expr& expr);
[[nodiscard]] Value key_to_json(const KeyTemplate& key);

[[nodiscard]] Expr expr_from_json(const JsonNode& node);
[[nodiscard]] KeyTemplate key_from_json(const JsonNode& node);

/// Members of objects sorted by name, at every depth.
[[nodiscard]] Value canonical(Value value);

}  // namespace omap
