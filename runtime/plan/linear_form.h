#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace omap {

/// An unknown integer.
struct Quantity {
  enum class Kind : std::uint8_t {
    index,    ///< the value of an index, in one of the claims that are compared
    param,    ///< an int param: `--set` may give it any value
    size,     ///< the length of a list, an extent, a count: not negative
    residue,  ///< what a division by a small literal leaves
    opaque,   ///< any other int: nothing is known of it but its spelling
  };
  Kind kind = Kind::opaque;
  /// Equal texts are equal values.
  std::string text;
  friend auto operator<=>(const Quantity&, const Quantity&) = default;
};

/// `sum of coefficient * quantity + constant`, over the integers.
struct LinearForm {
  /// By quantity, each once, no coefficient 0.
  std::vector<std::pair<Quantity, std::int64_t>> terms;
  std::int64_t constant = 0;

  [[nodiscard]] bool is_constant() const { return terms.empty(); }
  /// 0 where the quantity is not in it.
  [[nodiscard]] std::int64_t coefficient(const Quantity& quantity) const;
  friend auto operator<=>(const LinearForm&, const LinearForm&) = default;
};

[[nodiscard]] LinearForm constant_form(std::int64_t value);
[[nodiscard]] LinearForm quantity_form(Quantity quantity);

// Nothing where a coefficient would exceed 64 bits.

/// `a + factor * b`
[[nodiscard]] std::optional<LinearForm> add_scaled(const LinearForm& a, const LinearForm& b, std::int64_t factor);
/// `form` with `quantity` replaced by `by`.
[[nodiscard]] std::optional<LinearForm> replaced(const LinearForm& form, const Quantity& quantity,
                                                 const LinearForm& by);

/// The greatest common divisor of the coefficients; 0 for a constant.
[[nodiscard]] std::int64_t content(const LinearForm& form);

/// Equal forms have equal texts.
[[nodiscard]] std::string to_text(const LinearForm& form);

}  // namespace omap
