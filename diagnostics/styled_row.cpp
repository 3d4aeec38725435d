#include "diagnostics/styled_row.h"

#include <algorithm>

#include "diagnostics/utf8.h"

namespace omap {
namespace {

constexpr char32_t replacement = U'\uFFFD';

bool printable(char32_t value) {
  const bool control = value < 0x20 || (value >= 0x7F && value < 0xA0);
  const bool line_end = value == 0x2028 || value == 0x2029;
  const bool direction = (value >= 0x202A && value <= 0x202E) || (value >= 0x2066 && value <= 0x2069);
  return !control && !line_end && !direction;
}

std::string_view escape(Style style) {
  switch (style) {
    case Style::plain:
      return "\x1b[0m";
    case Style::strong:
      return "\x1b[0;1m";
    case Style::gutter:
      return "\x1b[0;1;34m";
    case Style::error:
      return "\x1b[0;1;31m";
    case Style::warning:
      return "\x1b[0;1;33m";
    case Style::note:
      return "\x1b[0;1;36m";
  }
  return "\x1b[0m";
}

}  // namespace

std::u32string displayed(std::string_view text) {
  std::u32string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto point = decode_utf8(text);
    if (point && point->value == U'\t') {
      out.append(4, U' ');
    } else {
      out.push_back(point && printable(point->value) ? point->value : replacement);
    }
    text.remove_prefix(point ? point->length : 1);
  }
  return out;
}

void StyledRow::put(std::size_t column, std::u32string_view text, Style style) {
  const std::size_t end = column + text.size();
  if (end > cells_.size()) {
    cells_.resize(end, U' ');
    styles_.resize(end, Style::plain);
  }
  std::ranges::copy(text, cells_.begin() + static_cast<std::ptrdiff_t>(column));
  std::fill_n(styles_.begin() + static_cast<std::ptrdiff_t>(column), text.size(), style);
}

void StyledRow::append(const StyledRow& row) {
  cells_ += row.cells_;
  styles_.insert(styles_.end(), row.styles_.begin(), row.styles_.end());
}

void StyledRow::print(std::string& out, bool colour) const {
  const std::size_t last = cells_.find_last_not_of(U' ');
  const std::size_t end = last == std::u32string::npos ? 0 : last + 1;
  Style current = Style::plain;
  const auto change_to = [&](Style style) {
    if (colour && style != current) out += escape(style);
    current = style;
  };
  for (std::size_t i = 0; i < end; ++i) {
    change_to(styles_[i]);
    append_utf8(out, cells_[i]);
  }
  change_to(Style::plain);
  out += '\n';
}

}  // namespace omap
