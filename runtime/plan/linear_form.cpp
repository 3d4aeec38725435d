#include "runtime/plan/linear_form.h"

#include <algorithm>
#include <numeric>

namespace omap {

std::int64_t LinearForm::coefficient(const Quantity& quantity) const {
  const auto found = std::find_if(terms.begin(), terms.end(), [&](const auto& term) { return term.first == quantity; });
  return found == terms.end() ? 0 : found->second;
}

LinearForm constant_form(std::int64_t value) { return {{}, value}; }
LinearForm quantity_form(Quantity quantity) { return {{{std::move(quantity), 1}}, 0}; }

std::optional<LinearForm> add_scaled(const LinearForm& a, const LinearForm& b, std::int64_t factor) {
  LinearForm made;
  bool overflow = false;
  const auto combined = [&](std::int64_t x, std::int64_t y) {
    std::int64_t scaled = 0;
    std::int64_t sum = 0;
    overflow = __builtin_mul_overflow(y, factor, &scaled) || __builtin_add_overflow(x, scaled, &sum) || overflow;
    return sum;
  };
  const auto append = [&](const Quantity& quantity, std::int64_t x, std::int64_t y) {
    if (const std::int64_t sum = combined(x, y); sum != 0) made.terms.emplace_back(quantity, sum);
  };
  auto left = a.terms.begin();
  auto right = b.terms.begin();
  while (left != a.terms.end() || right != b.terms.end()) {
    if (right == b.terms.end() || (left != a.terms.end() && left->first < right->first)) {
      append(left->first, left->second, 0);
      ++left;
    } else if (left == a.terms.end() || right->first < left->first) {
      append(right->first, 0, right->second);
      ++right;
    } else {
      append(left->first, left->second, right->second);
      ++left, ++right;
    }
  }
  made.constant = combined(a.constant, b.constant);
  return overflow ? std::nullopt : std::optional(std::move(made));
}

std::optional<LinearForm> replaced(const LinearForm& form, const Quantity& quantity, const LinearForm& by) {
  const std::int64_t factor = form.coefficient(quantity);
  if (factor == 0) return form;
  LinearForm rest = form;
  std::erase_if(rest.terms, [&](const auto& term) { return term.first == quantity; });
  return add_scaled(rest, by, factor);
}

std::int64_t content(const LinearForm& form) {
  std::uint64_t divisor = 0;
  for (const auto& [quantity, coefficient] : form.terms) {
    const auto magnitude =
        coefficient < 0 ? 0 - static_cast<std::uint64_t>(coefficient) : static_cast<std::uint64_t>(coefficient);
    divisor = std::gcd(divisor, magnitude);
  }
  // 2^63, the magnitude of the least int, is no int64: such a form is left as it is.
  return divisor > INT64_MAX ? 1 : static_cast<std::int64_t>(divisor);
}

std::string to_text(const LinearForm& form) {
  std::string text;
  for (const auto& [quantity, coefficient] : form.terms) {
    if (!text.empty()) text += " + ";
    if (coefficient != 1) text += std::to_string(coefficient) + "*";
    text += quantity.text;
  }
  if (form.constant != 0 || text.empty()) text += (text.empty() ? "" : " + ") + std::to_string(form.constant);
  return text;
}

}  // namespace omap
