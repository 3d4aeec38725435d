#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "compiler/syntax/parse_tree.h"
#include "compiler/syntax/token.h"
#include "diagnostics/diagnostic.h"

namespace omap::syntax {

// The seam to ANTLR: its lexer and its parser stand behind these two functions (words.cpp), and nowhere else.

/// The words of a text, which is valid UTF-8. Offsets count from `base`.
[[nodiscard]] std::vector<Token> lex(std::string_view text, std::uint32_t base);

/// What the words are to be.
enum class Wanted : std::uint8_t {
  statement,    ///< of a file, a mapping or a block: the first words tell which
  config_line,  ///< of a config section
  placeholder,  ///< the inside of the braces of a quoted key
};

/// The tree of the words of one statement, or what is wrong with the first word that does not fit. `text` is the whole
/// file's. No tree of ANTLR's outlives the call.
[[nodiscard]] tl::expected<ParseNode, Diagnostic> parse_words(std::span<const Token> words, Wanted wanted,
                                                              std::string_view text, std::uint32_t file);

}  // namespace omap::syntax
