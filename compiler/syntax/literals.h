#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace omap::syntax {

/// Decimal digits; nothing where they exceed 2^63 - 1.
[[nodiscard]] std::optional<std::int64_t> parse_integer(std::string_view digits);

/// Digits with an optional fraction and exponent; nothing where the value is not finite.
[[nodiscard]] std::optional<double> parse_real(std::string_view digits);

/// The inside of a string, its escapes `\" \\ \n \t \{ \}` replaced; nothing where there is another.
[[nodiscard]] std::optional<std::string> unescape(std::string_view text);

/// A string of that text, in quotes, with as few escapes as can be.
[[nodiscard]] std::string quoted(std::string_view plain);

/// The same without quotes, of a part of a quoted key, where braces are escaped too.
[[nodiscard]] std::string escape_key_text(std::string_view plain);

}  // namespace omap::syntax
