#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace omap {

struct CodePoint {
  char32_t value = 0;
  /// Bytes that it takes.
  std::size_t length = 0;
};

/// The code point that `text` begins with; none if it is empty or begins with what RFC 3629 does not allow:
/// a stray or missing continuation byte, an overlong form, a surrogate, a value above U+10FFFF.
[[nodiscard]] std::optional<CodePoint> decode_utf8(std::string_view text);

/// `value` has to be a Unicode scalar value.
void append_utf8(std::string& out, char32_t value);

}  // namespace omap
