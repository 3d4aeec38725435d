#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace omap::layout {

/// A statement on one line, as the columns that consecutive statements of its kind share.
struct Row {
  std::string left;   ///< all before the arrow; without an arrow, all but the condition
  std::string arrow;  ///< or empty
  std::string right;
  std::string when;  ///< `when C`, or empty
};

/// The lines of consecutive rows, all with an arrow or all without, with one column for their arrows and one for their
/// conditions. A row that is too wide for a column, or would not fit the line with its padding, goes without and does
/// not move the column.
[[nodiscard]] std::vector<std::string> align(std::span<const Row> rows, std::size_t indent);

}  // namespace omap::layout
