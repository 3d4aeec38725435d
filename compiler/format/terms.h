#pragma once

#include <vector>

#include "compiler/format/layout.h"
#include "compiler/syntax/ast.h"
#include "diagnostics/source_map.h"

namespace omap::layout {

/// One side of a rule. Where it is broken, each tensor but the first begins a line, `indent` deeper.
void terms(Layout& out, const std::vector<ast::Term>& terms, int indent, const SourceMap& sources);

}  // namespace omap::layout
