#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "diagnostics/styled_row.h"

namespace omap {

/// A label on one line of a source; `begin` and `end` are bytes of that line.
struct LineMark {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string_view text;
  bool primary = false;
};

/// A source line, and below it the rows that underline its marks (`^^^` the primary ones, `---` the others) and say
/// their texts: the rightmost beside its underline, the others beneath, each hanging from a `|`.
/// A line that is too wide for a terminal is cut to what is around the marks.
[[nodiscard]] std::vector<StyledRow> annotated_line(std::string_view line, std::span<const LineMark> marks,
                                                    Style primary_style);

}  // namespace omap
