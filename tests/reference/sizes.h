#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/reference/mapping_model.h"

namespace omap::test {

using Sizes = std::vector<std::int64_t>;

/// The dimensions of a shape with `rank` axes `...0`, `...1` and so on in the place of `...`.
[[nodiscard]] std::vector<AxisExpr> dimensions(const Shape& shape, std::size_t rank);

/// The extent of a dimension, or nothing if an axis of it has none. `rest` is that of a `_` without a size.
[[nodiscard]] std::optional<std::int64_t> size_of(const AxisExpr& axis, const Extents& extents, std::int64_t rest);

/// The same of an operand's dimension, where `r/n` may stand: ceil(r / n).
[[nodiscard]] std::optional<std::int64_t> operand_size(const AxisExpr& axis, const Extents& extents);

/// The names of the axes in a dimension, each time that they stand there; a `_` without a size is `_`.
[[nodiscard]] std::vector<std::string> names_in(const AxisExpr& axis);

/// What a mapping itself says of a rule's axes: indexes, params, literals. Nothing if it says two things of one axis.
[[nodiscard]] std::optional<Extents> declared_extents(const Mapping& mapping, const MadeRule& rule);

/// What the shapes of the sources say of a rule's axes.
struct Solution {
  Extents extents;
  /// How many dimensions `...` is.
  std::size_t rank = 0;
  /// By source term and dimension: how long a `_` without a size is there.
  std::vector<Sizes> rests;
  /// Why there is no solution; else empty.
  std::string refusal;
  /// Axes of the rule without an extent; then nothing else is said.
  std::vector<std::string> open;
};

/// Finds extents by trying: an axis that is the only open one of a dimension has the one value that makes the dimension
/// as long as it is, if there is one. By source term one shape, or none where it has no tensor.
[[nodiscard]] Solution solve(const Mapping& mapping, const MadeRule& rule, Direction direction,
                             const std::vector<std::optional<Sizes>>& shapes);

}  // namespace omap::test
