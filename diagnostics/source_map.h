#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "diagnostics/source_range.h"

namespace omap {

/// 1-based; `column` counts code points, as editors do.
struct Position {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
  friend bool operator==(const Position&, const Position&) = default;
};

/// One text with a name, and where its lines begin. Immutable.
class SourceFile {
 public:
  /// `text` has to be valid UTF-8 for positions to mean anything; see `first_invalid_utf8`.
  SourceFile(std::string name, std::string text);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] Position position(std::uint32_t offset) const;
  /// The text of a 1-based line, without its line end.
  [[nodiscard]] std::string_view line(std::uint32_t number) const;
  [[nodiscard]] std::uint32_t line_begin(std::uint32_t number) const { return line_begins_[number - 1]; }
  [[nodiscard]] std::uint32_t line_count() const { return static_cast<std::uint32_t>(line_begins_.size()); }

  friend bool operator==(const SourceFile& a, const SourceFile& b) { return a.name_ == b.name_ && a.text_ == b.text_; }

 private:
  std::string name_;
  std::string text_;
  std::vector<std::uint32_t> line_begins_;
};

/// The files that ranges point into; a range's `file` is an index here. A value: copied with the plan it serves.
struct SourceMap {
  std::vector<SourceFile> files;

  std::uint32_t add(SourceFile file) {
    files.push_back(std::move(file));
    return static_cast<std::uint32_t>(files.size() - 1);
  }
  [[nodiscard]] bool covers(SourceRange range) const {
    return range.known() && range.file < files.size() && range.begin <= range.end &&
           range.end <= files[range.file].text().size();
  }
  [[nodiscard]] std::string_view text(SourceRange range) const {
    if (!covers(range)) return {};
    return std::string_view(files[range.file].text()).substr(range.begin, range.end - range.begin);
  }
  friend bool operator==(const SourceMap&, const SourceMap&) = default;
};

/// The offset of the first byte that is not part of well-formed UTF-8 (RFC 3629), or npos.
[[nodiscard]] std::size_t first_invalid_utf8(std::string_view text);

}  // namespace omap
