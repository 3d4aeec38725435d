#pragma once

#include <cstdint>
#include <string_view>
#include <tl/expected.hpp>

#include "compiler/syntax/ast.h"
#include "compiler/syntax/parse_tree.h"
#include "diagnostics/diagnostic.h"

namespace omap::syntax {

using StatementNode = decltype(ast::Statement::node);

/// What a statement's tree says, or what the grammar cannot say of it: a number out of range, an unknown escape, a
/// prefix with a shape. Blocks have no body yet. `text` is the whole file's.
[[nodiscard]] tl::expected<StatementNode, Diagnostic> build_statement(const ParseNode& tree, std::string_view text);

}  // namespace omap::syntax
