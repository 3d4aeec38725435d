#pragma once

#include <cstdint>

namespace omap {

/// What `%` of the language gives: `a` less the largest multiple of `b` that is not above it, so that the sign is that
/// of `b`. `b` is not 0, and not -1 where `a` is the least integer.
[[nodiscard]] constexpr std::int64_t floor_modulo(std::int64_t a, std::int64_t b) {
  const std::int64_t rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

}  // namespace omap
