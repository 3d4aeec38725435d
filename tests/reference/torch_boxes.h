#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/reference/refusal.h"
#include "tests/reference/sizes.h"
#include "tests/reference/torch_tensors.h"

namespace omap::test {

using Dims = std::vector<const AxisExpr*>;
using Names = std::vector<std::string>;

/// A box of a tensor: one piece of each sum was chosen, and every dimension that is left is an axis.
struct Box {
  std::size_t term = 0;
  Names axes;
  std::map<const AxisExpr*, std::size_t> choices;
  at::Tensor elements;
  /// It has the axes of `...`, however many those are.
  bool ellipsis = false;

  [[nodiscard]] std::set<std::string> axis_set() const {
    std::set<std::string> set(axes.begin(), axes.end());
    require(set.size() == axes.size(), "an axis stands twice in a box");
    if (ellipsis) set.insert("...");
    return set;
  }
};

/// Extents of a rule's axes, and of the `_` of the dimension at hand.
struct Measure {
  const Extents& extents;
  std::map<const AxisExpr*, std::int64_t> rests;

  [[nodiscard]] std::int64_t operator()(const AxisExpr& axis) const {
    const auto rest = rests.find(&axis);
    return *size_of(axis, extents, rest == rests.end() ? 0 : rest->second);
  }
};

/// Pointers to the expressions, which have to outlive them.
[[nodiscard]] Dims pointers(const std::vector<AxisExpr>& dims);

/// Cuts a tensor, whose dimensions are those of `box.axes` and then `dims`, into its boxes in reading order. Dropped
/// ones are left out.
void cut(const at::Tensor& tensor, Box box, const Dims& dims, const Measure& measure, std::vector<Box>& boxes);

/// The reverse of `cut`: the tensor with the dimensions `axes` and then `dims`, of boxes in reading order from `next`.
/// The elements of boxes are bits, those of `_` are 0.
[[nodiscard]] at::Tensor assemble(const Names& axes, const Dims& dims, const Measure& measure,
                                  std::vector<Box>::const_iterator& next);

/// By box of the destination: the box of the source that it is made of.
[[nodiscard]] std::vector<const Box*> partners(const std::vector<Box>& sources, const std::vector<Box>& destinations,
                                               bool one_way);

}  // namespace omap::test
