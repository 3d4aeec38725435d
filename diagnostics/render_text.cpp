#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "diagnostics/annotated_line.h"
#include "diagnostics/render.h"

namespace omap {
namespace {

/// The labels of one file, by line; a range of several lines is underlined on its first.
struct FileExcerpt {
  std::uint32_t file = 0;
  Position at;
  std::map<std::uint32_t, std::vector<LineMark>> lines;
};

/// Where the columns of one diagnostic stand: line numbers take `width` columns.
struct Page {
  std::string out;
  std::size_t width = 0;
  bool colour = false;

  void print(const StyledRow& row) { row.print(out, colour); }
};

Style style_of(Severity severity) {
  switch (severity) {
    case Severity::note:
      return Style::note;
    case Severity::warning:
      return Style::warning;
    case Severity::error:
      break;
  }
  return Style::error;
}

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  lines.push_back(text);
  return lines;
}

void add_label(std::vector<FileExcerpt>& excerpts, const Label& label, bool primary, const SourceMap& sources) {
  if (!sources.covers(label.range)) return;
  const SourceFile& file = sources.files[label.range.file];
  const Position at = file.position(label.range.begin);
  auto excerpt = std::ranges::find(excerpts, label.range.file, &FileExcerpt::file);
  if (excerpt == excerpts.end()) excerpt = excerpts.insert(excerpt, {label.range.file, at, {}});
  const std::size_t line_begin = file.line_begin(at.line);
  excerpt->lines[at.line].push_back(
      {label.range.begin - line_begin, label.range.end - line_begin, label.text, primary});
}

/// The primary label's file comes first, then the others in the order in which they are mentioned.
std::vector<FileExcerpt> excerpts_of(const Diagnostic& diagnostic, const SourceMap& sources) {
  std::vector<FileExcerpt> excerpts;
  add_label(excerpts, diagnostic.primary, true, sources);
  for (const Label& label : diagnostic.secondary) add_label(excerpts, label, false, sources);
  return excerpts;
}

std::size_t gutter_width(std::span<const FileExcerpt> excerpts) {
  std::uint32_t last = 0;
  for (const FileExcerpt& excerpt : excerpts) last = std::max(last, excerpt.lines.rbegin()->first);
  return fmt::formatted_size("{}", last);
}

/// `text`, with its further lines below the first one's beginning.
void print_lines(Page& page, StyledRow head, std::string_view text, Style style) {
  const std::size_t indent = head.width();
  for (const std::string_view line : split_lines(text)) {
    head.put(indent, displayed(line), style);
    page.print(head);
    head = StyledRow();
  }
}

void print_place(Page& page, std::string_view arrow, std::string_view place) {
  StyledRow row;
  row.append(fmt::format("{:{}}{} ", "", page.width, arrow), Style::gutter);
  row.append(place, Style::plain);
  page.print(row);
}

StyledRow gutter(const Page& page, std::string_view number) {
  StyledRow row;
  row.append(fmt::format("{:>{}} |", number, page.width), Style::gutter);
  return row;
}

void print_excerpt(Page& page, const FileExcerpt& excerpt, const SourceFile& file, Style primary_style) {
  page.print(gutter(page, ""));
  std::uint32_t previous = 0;
  for (const auto& [number, marks] : excerpt.lines) {
    if (previous != 0 && number != previous + 1) page.out += "...\n";
    previous = number;
    std::string label = fmt::format("{}", number);
    for (const StyledRow& annotated : annotated_line(file.line(number), marks, primary_style)) {
      StyledRow row = gutter(page, std::exchange(label, {}));
      row.append(U" ", Style::plain);
      row.append(annotated);
      page.print(row);
    }
  }
}

void print_remarks(Page& page, std::string_view kind, std::span<const std::string> remarks) {
  for (const std::string& remark : remarks) {
    StyledRow head;
    head.append(fmt::format("{:{}} = ", "", page.width), Style::gutter);
    head.append(fmt::format("{}: ", kind), Style::note);
    print_lines(page, std::move(head), remark, Style::plain);
  }
}

}  // namespace

std::string render_text(const Diagnostic& diagnostic, const SourceMap& sources, bool colour) {
  const std::vector<FileExcerpt> excerpts = excerpts_of(diagnostic, sources);
  constexpr std::size_t width_without_excerpt = 2;
  Page page{{}, excerpts.empty() ? width_without_excerpt : gutter_width(excerpts), colour};

  const Style style = style_of(diagnostic.severity);
  StyledRow head;
  head.append(fmt::format("{}[{}]", severity_text(diagnostic.severity), code_text(diagnostic.code)), style);
  head.append(U": ", Style::strong);
  print_lines(page, std::move(head), diagnostic.message, Style::strong);

  std::string_view arrow = "-->";
  for (const FileExcerpt& excerpt : excerpts) {
    const SourceFile& file = sources.files[excerpt.file];
    print_place(page, arrow, fmt::format("{}:{}:{}", file.name(), excerpt.at.line, excerpt.at.column));
    print_excerpt(page, excerpt, file, style);
    arrow = ":::";
  }
  if (!diagnostic.subject.empty()) print_place(page, arrow, diagnostic.subject);
  print_remarks(page, "note", diagnostic.notes);
  print_remarks(page, "help", diagnostic.helps);
  return std::move(page.out);
}

}  // namespace omap
