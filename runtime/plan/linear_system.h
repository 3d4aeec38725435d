#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "runtime/plan/linear_form.h"

namespace omap {

/// Inequalities between integers, looked at by Fourier-Motzkin elimination: to eliminate x, each `a x + f <= 0` with
/// a > 0 is combined with each `-b x + g <= 0` to `b f + a g <= 0`. What is concluded holds over the rationals, so over
/// the integers too; the other way round it may miss something. Large systems are given up: nothing is concluded.
class LinearSystem {
 public:
  /// `form <= 0`
  void require_at_most_zero(const LinearForm& form);

  /// True only if no values meet all inequalities.
  [[nodiscard]] bool infeasible() const;

  struct Bounds {
    std::optional<std::int64_t> least, greatest;
  };
  /// Bounds that all solutions keep to.
  [[nodiscard]] Bounds bounds(const Quantity& quantity) const;

 private:
  /// A coefficient for each quantity, and behind them the constant: `row <= 0`.
  using Row = std::vector<std::int64_t>;
  struct Projection {
    std::vector<Row> rows;
    bool infeasible = false;
  };
  static bool add_row(Projection& to, Row row);
  static bool combine(const Row& upper, const Row& lower, std::size_t column, Row& made);
  static bool eliminate(Projection& projection, std::size_t column);
  /// With every quantity eliminated but `kept`.
  [[nodiscard]] Projection project(std::optional<std::size_t> kept) const;

  std::vector<Quantity> quantities_;
  std::vector<LinearForm> forms_;
};

}  // namespace omap
