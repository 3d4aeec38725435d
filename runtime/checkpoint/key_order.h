#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace omap {

/// Natural order of keys: runs of digits compare as numbers, everything else by byte, so that `layers.2` stands before
/// `layers.10`. Keys that differ in leading zeros only are ordered by byte: no two different keys are equivalent.
[[nodiscard]] inline bool natural_less(std::string_view a, std::string_view b) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto take_number = [&](std::string_view& rest) {
    const auto* const end = std::find_if_not(rest.begin(), rest.end(), digit);
    std::string_view number = rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
    rest.remove_prefix(number.size());
    number.remove_prefix(std::min(number.find_first_not_of('0'), number.size()));
    return number;
  };
  std::string_view rest_a = a;
  std::string_view rest_b = b;
  while (!rest_a.empty() && !rest_b.empty()) {
    if (digit(rest_a.front()) && digit(rest_b.front())) {
      const std::string_view number_a = take_number(rest_a);
      const std::string_view number_b = take_number(rest_b);
      if (number_a.size() != number_b.size()) return number_a.size() < number_b.size();
      if (number_a != number_b) return number_a < number_b;
    } else {
      if (rest_a.front() != rest_b.front()) return rest_a.substr(0, 1) < rest_b.substr(0, 1);
      rest_a.remove_prefix(1);
      rest_b.remove_prefix(1);
    }
  }
  return rest_a.empty() && rest_b.empty() ? a < b : rest_a.empty();
}

}  // namespace omap
