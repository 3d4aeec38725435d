#include "runtime/plan/linear_system.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace omap {
namespace {

constexpr std::size_t max_quantities = 24;
constexpr std::size_t max_rows = 300;

std::int64_t floor_divided(std::int64_t a, std::int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}
/// With room for a negation and for rounding.
bool fits(std::int64_t value) { return value > INT64_MIN / 2 && value < INT64_MAX / 2; }

}  // namespace

void LinearSystem::require_at_most_zero(const LinearForm& form) {
  for (const auto& [quantity, coefficient] : form.terms) {
    if (std::find(quantities_.begin(), quantities_.end(), quantity) == quantities_.end())
      quantities_.push_back(quantity);
  }
  forms_.push_back(form);
}

/// Divides by the common divisor, the constant rounded towards what integers can meet. False: the system is too large.
bool LinearSystem::add_row(Projection& to, Row row) {
  std::int64_t divisor = 0;
  for (std::size_t i = 0; i + 1 < row.size(); ++i) divisor = std::gcd(divisor, row[i]);
  if (divisor == 0) {
    to.infeasible = to.infeasible || row.back() > 0;
    return true;
  }
  for (std::size_t i = 0; i + 1 < row.size(); ++i) row[i] /= divisor;
  // sum + constant <= 0 with a sum that is a multiple of the divisor
  row.back() = -floor_divided(-row.back(), divisor);
  for (Row& known : to.rows) {
    if (!std::equal(known.begin(), known.end() - 1, row.begin())) continue;
    known.back() = std::max(known.back(), row.back());
    return true;
  }
  to.rows.push_back(std::move(row));
  return to.rows.size() <= max_rows;
}

bool LinearSystem::combine(const Row& upper, const Row& lower, std::size_t column, Row& made) {
  made.assign(upper.size(), 0);
  for (std::size_t i = 0; i < upper.size(); ++i) {
    std::int64_t above = 0;
    std::int64_t below = 0;
    if (__builtin_mul_overflow(-lower[column], upper[i], &above)) return false;
    if (__builtin_mul_overflow(upper[column], lower[i], &below)) return false;
    if (__builtin_add_overflow(above, below, &made[i]) || !fits(made[i])) return false;
  }
  return true;
}

bool LinearSystem::eliminate(Projection& projection, std::size_t column) {
  Projection next;
  next.infeasible = projection.infeasible;
  std::vector<const Row*> upper, lower;
  for (Row& row : projection.rows) {
    if (row[column] == 0) {
      if (!add_row(next, row)) return false;
    } else {
      (row[column] > 0 ? upper : lower).push_back(&row);
    }
  }
  Row made;
  for (const Row* above : upper) {
    for (const Row* below : lower) {
      if (!combine(*above, *below, column, made) || !add_row(next, made)) return false;
    }
  }
  projection = std::move(next);
  return true;
}

LinearSystem::Projection LinearSystem::project(std::optional<std::size_t> kept) const {
  Projection projection;
  if (quantities_.size() > max_quantities) return projection;
  for (const LinearForm& form : forms_) {
    Row row;
    for (const Quantity& quantity : quantities_) row.push_back(form.coefficient(quantity));
    row.push_back(form.constant);
    if (!std::all_of(row.begin(), row.end(), fits)) return {};
    if (!add_row(projection, std::move(row))) return {};
  }
  for (std::size_t column = 0; column < quantities_.size() && !projection.infeasible; ++column) {
    if (column != kept && !eliminate(projection, column)) return {};
  }
  return projection;
}

bool LinearSystem::infeasible() const { return project(std::nullopt).infeasible; }

LinearSystem::Bounds LinearSystem::bounds(const Quantity& quantity) const {
  const auto found = std::find(quantities_.begin(), quantities_.end(), quantity);
  if (found == quantities_.end()) return {};
  const auto column = static_cast<std::size_t>(found - quantities_.begin());
  Bounds bounds;
  for (const Row& row : project(column).rows) {
    // add_row has made the only coefficient 1 or -1
    if (row[column] > 0) bounds.greatest = std::min(bounds.greatest.value_or(INT64_MAX), -row.back());
    if (row[column] < 0) bounds.least = std::max(bounds.least.value_or(INT64_MIN), row.back());
  }
  return bounds;
}

}  // namespace omap
