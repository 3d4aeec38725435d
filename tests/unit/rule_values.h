#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/dtype/element.h"
#include "tests/unit/conversion.h"

namespace omap::test::rule_values {

using Floats = std::vector<float>;
using Halves = std::vector<std::uint16_t>;
using Octets = std::vector<std::uint8_t>;

constexpr Direction left = Direction::left;
constexpr Direction right = Direction::right;

/// Distinct numbers of both signs, small and large.
inline Floats some_floats(std::size_t count, float step = 0.37f) {
  Floats numbers;
  for (std::size_t i = 0; i < count; ++i) numbers.push_back((static_cast<float>(i) - 3.0f) * step);
  return numbers;
}

/// Finite elements of f8_e4m3, none of them alike in a row.
inline Octets some_octets(std::size_t count) {
  Octets elements;
  for (std::size_t i = 0; i < count; ++i) {
    const auto element = static_cast<std::uint8_t>(i * 37 + i / 251);
    elements.push_back((element & 0x7f) == 0x7f ? std::uint8_t{0x11} : element);
  }
  return elements;
}

inline float e4m3(std::uint8_t bits) {
  const auto element = std::byte{bits};
  return static_cast<float>(decode(Dtype::f8_e4m3, &element));
}

/// One f32 tensor `x` or `y` through a rule between the two.
inline Floats through(const std::string& rule, Direction direction, const Floats& numbers,
                      const std::vector<std::string>& settings = {}) {
  const auto n = static_cast<std::int64_t>(numbers.size());
  const std::string from = direction == right ? "x" : "y";
  const auto result =
      converted(plan_of(rule), {tensor_of(from, Dtype::f32, {n}, numbers)}, {direction, settings, {}, {}});
  return elements_of<float>(result.at(direction == right ? "y" : "x"));
}

template <class Function>
inline Floats each(Floats numbers, const Function& function) {
  for (float& number : numbers) number = function(number);
  return numbers;
}

}  // namespace omap::test::rule_values
