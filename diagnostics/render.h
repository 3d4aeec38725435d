#pragma once

#include <string>

#include "diagnostics/diagnostic.h"
#include "diagnostics/source_map.h"

namespace omap {

/// As a person reads it: code and message, the source lines with their labels underneath, notes, help.
/// Ends in a line end. `colour` writes ANSI escapes.
[[nodiscard]] std::string render_text(const Diagnostic& diagnostic, const SourceMap& sources, bool colour);

/// As a tool reads it: one JSON object on one line, without the line end:
/// `{"code":"OM3004","severity":"error","message":...,"labels":[{"file","begin","end","line","column","text","primary"}],
///   "notes":[...],"help":[...],"subject":...}`; `begin` and `end` are byte offsets, line and column 1-based.
[[nodiscard]] std::string render_json(const Diagnostic& diagnostic, const SourceMap& sources);

}  // namespace omap
