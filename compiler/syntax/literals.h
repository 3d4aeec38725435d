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

}  // namespace omap::syntax
