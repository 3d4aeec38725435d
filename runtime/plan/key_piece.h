#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "runtime/plan/sorts.h"

namespace omap {

/// A piece of a key that is written: a text, or what stands for the text of a value.
struct KeyPiece {
  enum class Kind : std::uint8_t {
    text,    ///< `text`
    number,  ///< an int in decimal, `expr`
    choice,  ///< one of `names`: the index `expr`
    string,  ///< a string that is not known, `expr`
    open,    ///< an int or a string, `expr`
  };
  Kind kind = Kind::text;
  std::string text;
  std::vector<std::string> names;
  Expr expr;
};

/// No two texts side by side, and none is empty. The indexes in it are occurrences: `copy` of them.
[[nodiscard]] std::vector<KeyPiece> key_pieces(const Sorts& sorts, const KeyTemplate& key, std::size_t copy);

/// The value of a text that an int may have in a key: no leading zeros, no `-0`, 64 bits.
[[nodiscard]] std::optional<std::int64_t> number_in_key(std::string_view text);

}  // namespace omap
