#pragma once

#include "compiler/sema/checked_module.h"
#include "compiler/sema/rule_indexes.h"
#include "runtime/plan/expr.h"
#include "runtime/plan/shape.h"

namespace omap {

/// `scope` holds the indexes that have a value where the expression stands; any other index is its list.
[[nodiscard]] Expr lower_expr(const CheckedMapping& mapping, const ast::Expr& expr, const sema::NameSet& scope);

/// A key behind its prefixes: joined by dots, but a quoted prefix as it stands.
[[nodiscard]] KeyTemplate lower_key(const CheckedMapping& mapping, const std::vector<const ast::Key*>& prefixes,
                                    const ast::Key& key);

/// A path of a config line. `side` is the one that it belongs to, or empty where the path names it, or a param; `file`
/// is the one that its section is about.
[[nodiscard]] Expr lower_path(const CheckedMapping& mapping, const ast::Expr& path, const std::string& side,
                              const std::string& file, const sema::NameSet& scope);
[[nodiscard]] Shape lower_shape(const ast::Shape& shape);

}  // namespace omap
