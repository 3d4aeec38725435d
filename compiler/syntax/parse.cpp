#include "compiler/syntax/parse.h"

#include <utility>

#include "compiler/syntax/build_module.h"
#include "compiler/syntax/split_statements.h"
#include "compiler/syntax/words.h"

namespace omap {

ast::Module parse(const SourceMap& sources, std::uint32_t file, Diagnostics& diagnostics, const SyntaxLimits& limits) {
  const SourceFile& source = sources.files[file];
  const std::string& text = source.text();
  if (text.size() > limits.file_bytes) {
    diagnostics.push_back(
        Diagnostic(Code::source_too_large, "a mapping file has {} bytes, more than {}", text.size(), limits.file_bytes)
            .in(source.name()));
    return {file, {}, {}};
  }
  if (const std::size_t bad = first_invalid_utf8(text); bad != std::string::npos) {
    const auto at = static_cast<std::uint32_t>(bad);
    diagnostics.push_back(
        Diagnostic(Code::invalid_utf8, {file, at, at}, "the file is not valid UTF-8 from byte {} on", bad)
            .help("save it as UTF-8"));
    return {file, {}, {}};
  }
  // The text's words are gone before its trees are made.
  auto split = syntax::split_statements(syntax::lex(text, 0), text, file, limits, diagnostics);
  return syntax::build_module(std::move(split), text, file, limits, diagnostics);
}

}  // namespace omap
