#include "tests/reference/torch_boxes.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

namespace omap::test {
namespace {

using Kind = AxisExpr::Kind;

Dims joined(std::initializer_list<const AxisExpr*> first, const Dims& rest) {
  Dims all(first);
  all.insert(all.end(), rest.begin(), rest.end());
  return all;
}
Dims joined(const std::vector<AxisExpr>& first, const Dims& rest) {
  Dims all = pointers(first);
  all.insert(all.end(), rest.begin(), rest.end());
  return all;
}

/// A box's elements with the axes `axes`, in that order; along those that it lacks they are repeated.
at::Tensor along(const Box& box, const Names& axes, const Measure& measure) {
  std::vector<std::int64_t> order;
  Sizes sizes;
  for (const std::string& name : axes) {
    const auto found = std::find(box.axes.begin(), box.axes.end(), name);
    if (found != box.axes.end()) order.push_back(found - box.axes.begin());
    sizes.push_back(measure.extents.at(name));
  }
  at::Tensor tensor = box.elements.permute(order);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (std::find(box.axes.begin(), box.axes.end(), axes[i]) == box.axes.end()) {
      tensor = tensor.unsqueeze(static_cast<std::int64_t>(i));
    }
  }
  return tensor.expand(sizes);
}

/// "Several boxes of a side may have the same axes, if those of each tensor come from a single sum."
bool from_single_sums(const std::vector<const Box*>& boxes) {
  for (const Box* first : boxes) {
    std::set<const AxisExpr*> differing;
    for (const Box* other : boxes) {
      if (other->term != first->term) continue;
      for (const auto& [one, two] : {std::pair(first, other), std::pair(other, first)}) {
        for (const auto& [sum, piece] : one->choices) {
          const auto found = two->choices.find(sum);
          if (found == two->choices.end() || found->second != piece) differing.insert(sum);
        }
      }
    }
    if (differing.size() > 1) return false;
  }
  return true;
}

using Groups = std::map<std::set<std::string>, std::vector<const Box*>>;

Groups by_axes(const std::vector<Box>& boxes) {
  Groups groups;
  for (const Box& box : boxes) groups[box.axis_set()].push_back(&box);
  return groups;
}

}  // namespace

Dims pointers(const std::vector<AxisExpr>& dims) {
  Dims all;
  for (const AxisExpr& dim : dims) all.push_back(&dim);
  return all;
}

void cut(const at::Tensor& tensor, Box box, const Dims& dims, const Measure& measure, std::vector<Box>& boxes) {
  if (dims.empty()) {
    box.elements = tensor;
    boxes.push_back(std::move(box));
    return;
  }
  const auto at = static_cast<std::int64_t>(box.axes.size());
  const AxisExpr& head = *dims.front();
  const Dims rest(dims.begin() + 1, dims.end());
  if (head.kind == Kind::axis) {
    box.axes.push_back(head.name);
    cut(tensor, box, rest, measure, boxes);
  } else if (head.kind == Kind::one) {
    cut(tensor.select(at, 0), box, rest, measure, boxes);
  } else if (head.kind == Kind::product) {
    Sizes sizes = tensor.sizes().vec();
    sizes.erase(sizes.begin() + at);
    for (std::size_t i = 0; i < head.parts.size(); ++i) {
      sizes.insert(sizes.begin() + at + static_cast<std::int64_t>(i), measure(head.parts[i]));
    }
    cut(tensor.reshape(sizes), box, joined(head.parts, rest), measure, boxes);
  } else if (head.kind == Kind::sum) {
    std::int64_t begin = 0;
    for (std::size_t piece = 0; piece < head.parts.size(); ++piece) {
      const std::int64_t size = measure(head.parts[piece]);
      box.choices[&head] = piece;
      cut(tensor.narrow(at, begin, size), box, joined({&head.parts[piece]}, rest), measure, boxes);
      begin += size;
    }
  }
}

at::Tensor assemble(const Names& axes, const Dims& dims, const Measure& measure,
                    std::vector<Box>::const_iterator& next) {
  if (dims.empty()) return along(*next++, axes, measure);
  const auto at = static_cast<std::int64_t>(axes.size());
  const AxisExpr& head = *dims.front();
  const Dims rest(dims.begin() + 1, dims.end());
  if (head.kind == Kind::axis) {
    Names longer = axes;
    longer.push_back(head.name);
    return assemble(longer, rest, measure, next);
  }
  if (head.kind == Kind::one) return assemble(axes, rest, measure, next).unsqueeze(at);
  if (head.kind == Kind::product) {
    const at::Tensor parts = assemble(axes, joined(head.parts, rest), measure, next);
    return parts.flatten(at, at + static_cast<std::int64_t>(head.parts.size()) - 1);
  }
  if (head.kind == Kind::sum) {
    std::vector<at::Tensor> pieces;
    for (const AxisExpr& piece : head.parts) {
      pieces.push_back(assemble(axes, joined({&piece}, rest), measure, next));
    }
    return at::cat(pieces, at);
  }
  Sizes sizes;
  for (const std::string& name : axes) sizes.push_back(measure.extents.at(name));
  for (const AxisExpr* dim : dims) sizes.push_back(measure(*dim));
  return at::zeros(sizes, at::kLong);
}

std::vector<const Box*> partners(const std::vector<Box>& sources, const std::vector<Box>& destinations, bool one_way) {
  const Groups from = by_axes(sources);
  const Groups to = by_axes(destinations);
  std::map<const Box*, const Box*> partner;
  std::set<const Box*> used;
  for (const auto& [axes, wanted] : to) {
    std::vector<std::vector<const Box*>> candidates;
    if (from.contains(axes)) {
      candidates.push_back(from.at(axes));
    } else if (one_way) {
      for (const auto& [fewer, boxes] : from) {
        if (std::includes(axes.begin(), axes.end(), fewer.begin(), fewer.end())) candidates.push_back(boxes);
      }
    }
    require(candidates.size() == 1, "a box has no partner, or several that it could repeat");
    const std::vector<const Box*>& given = candidates.front();
    require(given.size() == wanted.size(), "the sides have different numbers of boxes with the same axes");
    require(given.size() == 1 || (from_single_sums(given) && from_single_sums(wanted)), "boxes could pair differently");
    for (std::size_t i = 0; i < wanted.size(); ++i) partner[wanted[i]] = given[i];
    used.insert(given.begin(), given.end());
  }
  require(used.size() == sources.size(), "a box of a source goes nowhere");
  std::vector<const Box*> made;
  for (const Box& box : destinations) made.push_back(partner.at(&box));
  return made;
}

}  // namespace omap::test
