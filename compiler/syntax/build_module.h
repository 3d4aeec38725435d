#pragma once

#include <string_view>
#include <vector>

#include "compiler/syntax/ast.h"
#include "compiler/syntax/parse.h"
#include "compiler/syntax/split_statements.h"

namespace omap::syntax {

/// Parses statements and puts them into the blocks that they stand in.
[[nodiscard]] ast::Module build_module(SplitText split, std::string_view text, std::uint32_t file,
                                       const SyntaxLimits& limits, Diagnostics& diagnostics);

}  // namespace omap::syntax
