#include "compiler/format/rows.h"

#include <algorithm>

#include "compiler/format/layout.h"

namespace omap::layout {
namespace {

/// What stands before a column moves it no further than this.
constexpr std::size_t widest_left = 60;
constexpr std::size_t widest_rule = 90;

/// A line on its way to a column.
struct Cell {
  std::size_t width = 0;  ///< of what stands before the column
  std::size_t rest = 0;   ///< of what stands from the column on, with the blank before it
  bool aligned = false;
};

/// The width before the column. Cells that it would push over the end of the line are left out, until there is none.
std::size_t set_column(std::vector<Cell>& cells, std::size_t indent) {
  while (true) {
    std::size_t width = 0;
    for (const Cell& cell : cells) width = std::max(width, cell.aligned ? cell.width : 0);
    bool all_fit = true;
    for (Cell& cell : cells) {
      if (!cell.aligned || indent + width + cell.rest <= line_columns) continue;
      cell.aligned = all_fit = false;
    }
    if (all_fit) return width;
  }
}

std::size_t with_blank(const std::string& text) { return text.empty() ? 0 : 1 + columns(text); }

/// Left sides and arrows, and the right sides behind them.
std::vector<std::string> align_arrows(std::span<const Row> rows, std::size_t indent) {
  std::size_t arrow = 0;
  for (const Row& row : rows) arrow = std::max(arrow, row.arrow.size());
  std::vector<Cell> cells;
  for (const Row& row : rows) {
    const std::size_t width = columns(row.left);
    cells.push_back({width, 1 + arrow + with_blank(row.right) + with_blank(row.when), width <= widest_left});
  }
  const std::size_t left = set_column(cells, indent);
  arrow = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) arrow = std::max(arrow, cells[i].aligned ? rows[i].arrow.size() : 0);

  std::vector<std::string> lines;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::string line = rows[i].left;
    if (cells[i].aligned) line.append(left - cells[i].width, ' ');
    line += " " + rows[i].arrow;
    if (cells[i].aligned) line.append(arrow - rows[i].arrow.size(), ' ');
    lines.push_back(line + " " + rows[i].right);
  }
  return lines;
}

}  // namespace

std::vector<std::string> align(std::span<const Row> rows, std::size_t indent) {
  std::vector<std::string> lines;
  if (!rows.empty() && !rows.front().arrow.empty()) {
    lines = align_arrows(rows, indent);
  } else {
    for (const Row& row : rows) lines.push_back(row.left);
  }
  std::vector<Cell> cells;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::size_t width = columns(lines[i]);
    cells.push_back({width, with_blank(rows[i].when), !rows[i].when.empty() && width <= widest_rule});
  }
  const std::size_t column = set_column(cells, indent);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].when.empty()) continue;
    if (cells[i].aligned) lines[i].append(column - cells[i].width, ' ');
    lines[i] += " " + rows[i].when;
  }
  return lines;
}

}  // namespace omap::layout
