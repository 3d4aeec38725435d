#include "diagnostics/annotated_line.h"

#include <algorithm>

#include "diagnostics/utf8.h"

namespace omap {
namespace {

constexpr std::size_t widest = 200;
constexpr char32_t ellipsis = U'…';

/// A mark by columns: `begin` < `end`, so that even an empty range is seen.
struct Underline {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::u32string text;
  bool primary = false;
  Style style = Style::plain;
};

/// The column where each byte of the line is displayed, and behind the last the line's width.
std::vector<std::size_t> columns_of_bytes(std::string_view line) {
  std::vector<std::size_t> columns;
  columns.reserve(line.size() + 1);
  std::size_t column = 0;
  while (columns.size() < line.size()) {
    const std::string_view rest = line.substr(columns.size());
    const auto point = decode_utf8(rest);
    columns.insert(columns.end(), point ? point->length : 1, column);
    column += rest.front() == '\t' ? std::size_t{4} : std::size_t{1};
  }
  columns.push_back(column);
  return columns;
}

/// From left to right; of those that begin together, the primary one last.
std::vector<Underline> underlines(std::string_view line, std::span<const LineMark> marks, Style primary_style) {
  const std::vector<std::size_t> columns = columns_of_bytes(line);
  std::vector<Underline> out;
  for (const LineMark& mark : marks) {
    const std::size_t begin = columns[std::min(mark.begin, line.size())];
    const std::size_t end = columns[std::min(mark.end, line.size())];
    out.push_back({begin, std::max(end, begin + 1), displayed(mark.text), mark.primary,
                   mark.primary ? primary_style : Style::gutter});
  }
  std::ranges::stable_sort(out, [](const Underline& a, const Underline& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.primary < b.primary;
  });
  return out;
}

/// Cuts `cells` to at most `widest` columns, in the middle of which the underlines are; where these do not all fit, the
/// primary one is, and those outside are drawn at the cut. Moves the underlines along.
void cut_to_marks(std::u32string& cells, std::vector<Underline>& lines) {
  if (cells.size() <= widest) return;
  std::size_t first = lines.front().begin;
  std::size_t last = std::ranges::max_element(lines, {}, &Underline::end)->end;
  // One column at either end may go to an ellipsis.
  const std::size_t room = widest - 2;
  const auto primary = std::ranges::find(lines, true, &Underline::primary);
  if (last - first > room && primary != lines.end()) {
    first = primary->begin;
    last = primary->end;
  }
  const std::size_t margin = 1 + (room - std::min(last - first, room)) / 2;
  const std::size_t from = std::min(first - std::min(first, margin), cells.size() - widest);
  const bool cut_right = from + widest < cells.size();
  const std::size_t end = from + widest - (cut_right ? 1 : 0);
  cells = cells.substr(from, widest);
  if (from > 0) cells.front() = ellipsis;
  if (cut_right) cells.back() = ellipsis;
  for (Underline& line : lines) {
    line.begin = std::clamp(line.begin, from, end) - from;
    line.end = std::max(std::clamp(line.end, from, end) - from, line.begin + 1);
  }
}

/// The underline whose text stands beside it: the rightmost, if nothing else reaches under it.
bool last_is_free(std::span<const Underline> lines) {
  const Underline& last = lines.back();
  return !last.text.empty() && std::ranges::all_of(lines.first(lines.size() - 1),
                                                   [&](const Underline& other) { return other.end <= last.begin; });
}

StyledRow underline_row(std::span<const Underline> lines) {
  StyledRow row;
  for (const bool primary : {false, true}) {
    for (const Underline& line : lines) {
      if (line.primary != primary) continue;
      row.put(line.begin, std::u32string(line.end - line.begin, primary ? U'^' : U'-'), line.style);
    }
  }
  if (last_is_free(lines)) row.put(lines.back().end + 1, lines.back().text, lines.back().style);
  return row;
}

/// A `|` below each of `lines` that begins left of `limit`.
StyledRow stem_row(std::span<const Underline* const> lines, std::size_t limit) {
  StyledRow row;
  for (const Underline* line : lines) {
    if (line->begin < limit) row.put(line->begin, U"|", line->style);
  }
  return row;
}

}  // namespace

std::vector<StyledRow> annotated_line(std::string_view line, std::span<const LineMark> marks, Style primary_style) {
  std::u32string cells = displayed(line);
  std::vector<StyledRow> rows(1);
  if (marks.empty()) {
    rows.front().append(cells, Style::plain);
    return rows;
  }
  std::vector<Underline> lines = underlines(line, marks, primary_style);
  cut_to_marks(cells, lines);
  rows.front().append(cells, Style::plain);
  rows.push_back(underline_row(lines));

  std::vector<const Underline*> hanging;
  const std::span<const Underline> all(lines);
  for (const Underline& each : last_is_free(all) ? all.first(all.size() - 1) : all) {
    if (!each.text.empty()) hanging.push_back(&each);
  }
  if (!hanging.empty()) rows.push_back(stem_row(hanging, static_cast<std::size_t>(-1)));
  while (!hanging.empty()) {
    const Underline* rightmost = hanging.back();
    hanging.pop_back();
    rows.push_back(stem_row(hanging, rightmost->begin));
    rows.back().put(rightmost->begin, rightmost->text, rightmost->style);
  }
  return rows;
}

}  // namespace omap
