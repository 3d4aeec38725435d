#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "compiler/syntax/ast.h"
#include "compiler/syntax/parse.h"
#include "compiler/syntax/token.h"
#include "diagnostics/diagnostic.h"

namespace omap::syntax {

/// The words of one statement, and how it stands among the others.
struct RawStatement {
  enum class Kind : std::uint8_t {
    plain,
    opens,        ///< ends in the `{` of a block
    closes,       ///< `}`
    closes_else,  ///< `} else {`
  };
  Kind kind = Kind::plain;
  /// Of `SplitText::words`.
  std::span<const Token> tokens;
  /// Reported already: it only matters for the nesting of blocks.
  bool broken = false;
  std::vector<ast::Comment> before;
  std::vector<ast::Comment> behind;
  bool after_blank_line = false;
};

struct SplitText {
  /// Of all statements, one behind the other; no comments and no line ends.
  std::vector<Token> words;
  std::vector<RawStatement> statements;
};

/// Cuts a file's words into statements:
///  - a statement ends at the end of its line, unless brackets are open, the line ends in an arrow, a comma or an
///    operator, or the next one begins with an arrow, `??`, `then` or `else`;
///  - a `{` behind a blank and before one opens a block and ends its statement; any other belongs to a key;
///  - a bracket that is still open where an arrow or a block's brace follows was forgotten: it is reported, and its
///    statement ends with its line, so that one slip costs one statement.
[[nodiscard]] SplitText split_statements(std::span<const Token> tokens, std::string_view text, std::uint32_t file,
                                         const SyntaxLimits& limits, Diagnostics& diagnostics);

}  // namespace omap::syntax
