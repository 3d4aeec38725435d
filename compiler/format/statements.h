#pragma once

#include <span>

#include "compiler/format/layout.h"
#include "compiler/syntax/ast.h"
#include "diagnostics/source_map.h"

namespace omap::layout {

/// A statement, or the head of a block with its brace.
[[nodiscard]] Layout statement(const ast::Statement& statement, const SourceMap& sources,
                               std::span<const InnerComment> comments);

/// Whether two statements that follow each other are of one kind, whose rows share columns: both rules, both ties, both
/// assignments of a config section.
[[nodiscard]] bool share_columns(const ast::Statement& a, const ast::Statement& b);

}  // namespace omap::layout
