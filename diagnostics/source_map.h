#pragma once

#include <cstdint>
#include <memory>
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

/// One text with a name, and where its lines begin. Immutable, and shared by its copies.
class SourceFile {
 public:
  /// `text` has to be valid UTF-8 for positions to mean anything; see `first_invalid_utf8`.
  SourceFile(std::string name, std::string text);

  [[nodiscard]] const std::string& name() const { return content_->name; }
  [[nodiscard]] const std::string& text() const { return content_->text; }
  /// Of the text. Found out once: the copies of a file go with each plan of it.
  [[nodiscard]] bool is_utf8() const { return content_->utf8; }
  [[nodiscard]] Position position(std::uint32_t offset) const;
  /// The text of a 1-based line, without its line end.
  [[nodiscard]] std::string_view line(std::uint32_t number) const;
  [[nodiscard]] std::uint32_t line_begin(std::uint32_t number) const { return content_->line_begins[number - 1]; }
  [[nodiscard]] std::uint32_t line_count() const { return static_cast<std::uint32_t>(content_->line_begins.size()); }

  friend bool operator==(const SourceFile& a, const SourceFile& b) {
    return a.content_ == b.content_ || (a.name() == b.name() && a.text() == b.text());
  }

 private:
  struct Content {
    std::string name;
    std::string text;
    std::vector<std::uint32_t> line_begins;
    bool utf8 = false;
  };
  std::shared_ptr<const Content> content_;
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
