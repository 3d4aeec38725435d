#include "diagnostics/source_map.h"

#include <algorithm>
#include <utility>

#include "diagnostics/utf8.h"

namespace omap {
namespace {

bool begins_code_point(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }

}  // namespace

SourceFile::SourceFile(std::string name, std::string text) {
  Content content{std::move(name), std::move(text), {0}};
  content.utf8 = first_invalid_utf8(content.text) == std::string_view::npos;
  for (std::size_t i = 0; i < content.text.size(); ++i) {
    if (content.text[i] == '\n') content.line_begins.push_back(static_cast<std::uint32_t>(i + 1));
  }
  content_ = std::make_shared<const Content>(std::move(content));
}

Position SourceFile::position(std::uint32_t offset) const {
  const std::size_t at = std::min<std::size_t>(offset, text().size());
  const auto after = std::ranges::upper_bound(content_->line_begins, at);
  const auto line = static_cast<std::uint32_t>(after - content_->line_begins.begin());
  const std::uint32_t begin = line_begin(line);
  const auto before = std::string_view(text()).substr(begin, at - begin);
  return {line, static_cast<std::uint32_t>(std::ranges::count_if(before, begins_code_point)) + 1};
}

std::string_view SourceFile::line(std::uint32_t number) const {
  if (number == 0 || number > line_count()) return {};
  std::string_view rest = std::string_view(text()).substr(line_begin(number));
  rest = rest.substr(0, rest.find('\n'));
  if (rest.ends_with('\r')) rest.remove_suffix(1);
  return rest;
}

std::size_t first_invalid_utf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const auto point = decode_utf8(text.substr(at));
    if (!point) return at;
    at += point->length;
  }
  return std::string_view::npos;
}

}  // namespace omap
