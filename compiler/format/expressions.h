#pragma once

#include <string>

#include "compiler/format/layout.h"
#include "compiler/syntax/ast.h"
#include "diagnostics/source_map.h"

namespace omap::layout {

/// Parentheses are set where precedence needs them, and where it is easily misread: around an `if` that is an operand,
/// a comparison that is compared, an `and` in an `or`.
void expression(Layout& out, const ast::Expr& expr, const SourceMap& sources);

/// The same behind a `=`, with the blank between them; where it is too long, it may begin in the next line.
void assigned(Layout& out, const ast::Expr& expr, const SourceMap& sources);

/// Keys are never broken.
[[nodiscard]] std::string key(const ast::Key& key, const SourceMap& sources);
[[nodiscard]] std::string side_key(const ast::SideKey& key, const SourceMap& sources);

}  // namespace omap::layout
