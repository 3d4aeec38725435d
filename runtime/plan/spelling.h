#pragma once

#include <algorithm>
#include <string_view>

namespace omap {

[[nodiscard]] constexpr bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// Whether a mapping can write `text` as a word: a letter or `_`, then letters, digits and `_`.
[[nodiscard]] constexpr bool is_word(std::string_view text) {
  return !text.empty() && !(text.front() >= '0' && text.front() <= '9') &&
         std::all_of(text.begin(), text.end(), is_word_character);
}

}  // namespace omap
