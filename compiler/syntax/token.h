#pragma once

#include <cstdint>

namespace omap::syntax {

/// What the splitting of a file into statements has to know of a word.
enum class TokenClass : std::uint8_t {
  word,          ///< a name, keyword or number: part of a key where it touches others
  stars,         ///< `*`, `**`, `-`: an operator between blanks, else part of a key
  prefix,        ///< `not`, `if`: a word that may open a nested expression
  infix,         ///< `+`, `==`, `and`, `in`, `=` ...: a line that ends in one goes on
  continuation,  ///< `??`, `then`, `else`: a line that begins with one belongs to the line above
  arrow,
  comma,
  dot,
  open,   ///< ( [
  close,  ///< ) ]
  brace_open,
  brace_close,
  other,
  unknown,  ///< what begins no word, or a string that does not end
  comment,
  newline,
};

/// A word of the text. Offsets are bytes of the file. Small: a file of 16 MiB may have as many words.
struct Token {
  TokenClass kind = TokenClass::other;
  /// The lexer's own number for it.
  std::uint16_t type = 0;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

}  // namespace omap::syntax
