#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "diagnostics/source_range.h"

namespace omap {

/// One dimension of a tensor, or a part of one, in named axes.
struct AxisExpr {
  enum class Kind : std::uint8_t {
    axis,      ///< `name`; with a literal extent where `size` is set
    one,       ///< `1`
    product,   ///< (a b): blocks of `b`, row-major
    sum,       ///< (a + b): pieces laid one after another
    dropped,   ///< `_`: elements of a source that go nowhere; of a destination zeros, `size` or the param `name` many
    divided,   ///< `r/128`: ceil(name / size) entries
    ellipsis,  ///< `...`: the dimensions that no other names, the same for all tensors of the rule
  };
  Kind kind = Kind::axis;
  std::string name;
  std::optional<std::int64_t> size;
  std::vector<AxisExpr> parts;
  /// Where the text says it; unknown in a plan that was loaded. No part of its meaning.
  SourceRange range;

  friend bool operator==(const AxisExpr& a, const AxisExpr& b) {
    return a.kind == b.kind && a.name == b.name && a.size == b.size && a.parts == b.parts;
  }
};

/// The dimensions of a tensor, outermost first; none is rank 0.
struct Shape {
  std::vector<AxisExpr> dims;
  friend bool operator==(const Shape&, const Shape&) = default;
};

/// As a mapping spells it: `(expert d) h`, without brackets for a shape's.
[[nodiscard]] std::string to_text(const AxisExpr& axis);
[[nodiscard]] std::string to_text(const Shape& shape);

}  // namespace omap
