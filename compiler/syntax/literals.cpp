#include "compiler/syntax/literals.h"

#include <charconv>
#include <cmath>

namespace omap::syntax {
namespace {

std::string escaped(std::string_view plain, std::string_view themselves) {
  std::string text;
  text.reserve(plain.size());
  for (const char c : plain) {
    if (themselves.find(c) != std::string_view::npos) text += '\\';
    if (c == '\n' || c == '\t') {
      text += c == '\n' ? "\\n" : "\\t";
    } else {
      text += c;
    }
  }
  return text;
}

}  // namespace

std::optional<std::int64_t> parse_integer(std::string_view digits) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::optional<double> parse_real(std::string_view digits) {
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<std::string> unescape(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      plain += text[i];
      continue;
    }
    if (++i == text.size()) return std::nullopt;
    switch (text[i]) {
      case 'n':
        plain += '\n';
        break;
      case 't':
        plain += '\t';
        break;
      case '"':
      case '\\':
      case '{':
      case '}':
        plain += text[i];
        break;
      default:
        return std::nullopt;
    }
  }
  return plain;
}

std::string quoted(std::string_view plain) { return '"' + escaped(plain, "\"\\") + '"'; }

std::string escape_key_text(std::string_view plain) { return escaped(plain, "\"\\{}"); }

}  // namespace omap::syntax
