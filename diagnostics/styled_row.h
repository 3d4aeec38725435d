#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace omap {

enum class Style : std::uint8_t { plain, strong, gutter, error, warning, note };

/// UTF-8 as one cell per code point, safe to print: a tab is four blanks; control characters, those that change the
/// direction of text, and bytes that are not UTF-8 are U+FFFD.
[[nodiscard]] std::u32string displayed(std::string_view text);

/// One row of text on a terminal, with a style for each cell.
class StyledRow {
 public:
  /// Writes over what stands there, widening the row with blanks as needed.
  void put(std::size_t column, std::u32string_view text, Style style);
  void append(std::u32string_view text, Style style) { put(cells_.size(), text, style); }
  void append(std::string_view text, Style style) { append(displayed(text), style); }
  void append(const StyledRow& row);

  [[nodiscard]] std::size_t width() const { return cells_.size(); }
  /// Adds the row to `out` as UTF-8, without blanks at its end, and a line end. `colour` writes ANSI escapes.
  void print(std::string& out, bool colour) const;

 private:
  std::u32string cells_;
  std::vector<Style> styles_;
};

}  // namespace omap
