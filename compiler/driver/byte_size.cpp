#include "compiler/driver/byte_size.h"

#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <string>

namespace omap::driver {

std::optional<std::uint64_t> parse_byte_size(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc()) return std::nullopt;
  std::string unit(end, text.data() + text.size());
  for (char& c : unit) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  constexpr std::array<std::pair<std::string_view, double>, 14> units = {{{"", 1},
                                                                          {"B", 1},
                                                                          {"K", 1e3},
                                                                          {"KB", 1e3},
                                                                          {"M", 1e6},
                                                                          {"MB", 1e6},
                                                                          {"G", 1e9},
                                                                          {"GB", 1e9},
                                                                          {"T", 1e12},
                                                                          {"TB", 1e12},
                                                                          {"KIB", 0x1p10},
                                                                          {"MIB", 0x1p20},
                                                                          {"GIB", 0x1p30},
                                                                          {"TIB", 0x1p40}}};
  for (const auto& [name, factor] : units) {
    const double bytes = number * factor;
    if (unit == name && bytes >= 1 && bytes < 0x1p63 && bytes == std::floor(bytes))
      return static_cast<std::uint64_t>(bytes);
  }
  return std::nullopt;
}

}  // namespace omap::driver
