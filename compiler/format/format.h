#pragma once

#include <string>

#include "compiler/syntax/ast.h"
#include "diagnostics/source_map.h"

namespace omap {

/// The text of a module in the canonical layout (docs/format.md): another text of the same module, with all of its
/// comments. (Where parentheses are added, brackets may nest deeper than `SyntaxLimits` allow.) `module` is what
/// `parse` made of a file of `sources`, without an error. Formatting the result gives the result. Keeps no state; safe
/// to call from several threads at once.
[[nodiscard]] std::string format(const ast::Module& module, const SourceMap& sources);

}  // namespace omap
