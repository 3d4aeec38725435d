#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "diagnostics/code.h"
#include "runtime/plan/shape.h"

namespace omap {

/// The extents of a rule's axes, as far as they are known. Few: a vector.
class Extents {
 public:
  [[nodiscard]] std::optional<std::int64_t> find(std::string_view axis) const;
  void set(std::string_view axis, std::int64_t extent);
  [[nodiscard]] const std::vector<std::pair<std::string, std::int64_t>>& all() const { return extents_; }

 private:
  std::vector<std::pair<std::string, std::int64_t>> extents_;
};

/// The dimensions of a shape with `...` written out as `rest` axes of their own, `...0`, `...1` and so on.
[[nodiscard]] std::vector<AxisExpr> write_out_ellipsis(const Shape& shape, std::size_t rest);

/// What is wrong with a tensor's shape, as the end of a sentence that begins with its key.
struct ShapeProblem {
  Code code{};
  std::string what;
  /// The axis whose extent is another one elsewhere, if it is one.
  std::string axis = {};
};

/// Holds the dimensions of a tensor against the extents in its header: each dimension with one unknown axis, in which
/// it is linear, gives that axis. True in `learnt` if one was found.
[[nodiscard]] std::optional<ShapeProblem> unify(std::span<const AxisExpr> dims, std::span<const std::int64_t> header,
                                                Extents& extents, bool& learnt);

/// The extent of a dimension, or nothing while an axis of it is unknown. A `_` without a size is `dropped` long.
/// Throws nothing; an extent beyond 2^63 - 1 is a problem.
[[nodiscard]] std::optional<std::int64_t> extent_of(const AxisExpr& axis, const Extents& extents, std::int64_t dropped,
                                                    std::optional<ShapeProblem>& problem);

/// The elements of a source's dimension that its `_` drops: what is left of the header's extent.
[[nodiscard]] std::int64_t dropped_extent(const AxisExpr& axis, const Extents& extents, std::int64_t header);

}  // namespace omap
