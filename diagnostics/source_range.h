#pragma once

#include <cstdint>

namespace omap {

/// A half-open range of bytes in one file of a SourceMap; UTF-8, so never inside a code point.
/// A default-constructed range is unknown: it names no file.
struct SourceRange {
  static constexpr std::uint32_t no_file = UINT32_MAX;

  std::uint32_t file = no_file;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;

  [[nodiscard]] bool known() const { return file != no_file; }
  friend bool operator==(const SourceRange&, const SourceRange&) = default;
};

/// The smallest range that covers both; an unknown one adds nothing.
[[nodiscard]] inline SourceRange cover(SourceRange a, SourceRange b) {
  if (!a.known()) return b;
  if (!b.known() || a.file != b.file) return a;
  return {a.file, a.begin < b.begin ? a.begin : b.begin, a.end > b.end ? a.end : b.end};
}

}  // namespace omap
