#include "runtime/plan/boxes.h"

#include <algorithm>
#include <map>
#include <set>

namespace omap {
namespace {

/// Boxes of `b` inside each box of `a`: the second varies fastest.
std::vector<Box> product_of(const std::vector<Box>& a, const std::vector<Box>& b) {
  std::vector<Box> all;
  all.reserve(a.size() * b.size());
  for (const Box& outer : a) {
    for (const Box& inner : b) {
      Box box = outer;
      box.axes.insert(box.axes.end(), inner.axes.begin(), inner.axes.end());
      box.choices.insert(box.choices.end(), inner.choices.begin(), inner.choices.end());
      box.dropped = outer.dropped || inner.dropped;
      all.push_back(std::move(box));
    }
  }
  return all;
}

std::vector<Box> boxes_of(const AxisExpr& axis, std::uint32_t& sums) {
  switch (axis.kind) {
    case AxisExpr::Kind::axis:
    case AxisExpr::Kind::divided:
      return {Box{{axis.name}, {}, false}};
    case AxisExpr::Kind::ellipsis:
      return {Box{{std::string(ellipsis_axis)}, {}, false}};
    case AxisExpr::Kind::one:
      return {Box{}};
    case AxisExpr::Kind::dropped:
      return {Box{{}, {}, true}};
    case AxisExpr::Kind::product: {
      std::vector<Box> all{Box{}};
      for (const AxisExpr& part : axis.parts) all = product_of(all, boxes_of(part, sums));
      return all;
    }
    case AxisExpr::Kind::sum:
      break;
  }
  const std::uint32_t sum = sums++;
  std::vector<Box> all;
  for (std::uint32_t piece = 0; piece < axis.parts.size(); ++piece) {
    for (Box& box : boxes_of(axis.parts[piece], sums)) {
      box.choices.insert(box.choices.begin(), SumChoice{sum, piece});
      all.push_back(std::move(box));
    }
  }
  return all;
}

std::optional<std::size_t> box_count(const AxisExpr& axis, std::size_t limit) {
  std::size_t count = axis.kind == AxisExpr::Kind::sum ? 0 : 1;
  for (const AxisExpr& part : axis.parts) {
    const auto inner = box_count(part, limit);
    if (!inner) return std::nullopt;
    count = axis.kind == AxisExpr::Kind::sum ? count + *inner : count * *inner;
    if (count > limit) return std::nullopt;
  }
  return count;
}

using AxisSet = std::set<std::string>;

AxisSet axes_of(const SideBoxes& side, TermBox at) {
  const auto& axes = side.boxes[at.term][at.box].axes;
  AxisSet set(axes.begin(), axes.end());
  set.insert(side.key_axes[at.term].begin(), side.key_axes[at.term].end());
  return set;
}

/// Boxes with the same axes, in reading order.
struct Group {
  std::vector<TermBox> sources, destinations;
};

/// Whether the boxes of each tensor in `boxes` differ in more than one of its sums; then which.
std::optional<TermBox> several_sums(const SideBoxes& side, const std::vector<TermBox>& boxes) {
  std::map<std::uint32_t, std::map<std::uint32_t, std::set<std::uint32_t>>> chosen;  // term, sum, pieces
  std::map<std::uint32_t, std::map<std::uint32_t, std::size_t>> present;             // term, sum, boxes that choose
  std::map<std::uint32_t, std::size_t> count;
  for (const TermBox at : boxes) {
    ++count[at.term];
    for (const SumChoice choice : side.boxes[at.term][at.box].choices) {
      chosen[at.term][choice.sum].insert(choice.piece);
      ++present[at.term][choice.sum];
    }
  }
  for (const TermBox at : boxes) {
    std::size_t differing = 0;
    for (const auto& [sum, pieces] : chosen[at.term]) {
      // A sum that only some of the boxes meet sets those apart from the others, like a second piece would.
      if (pieces.size() > 1 || present[at.term][sum] < count[at.term]) ++differing;
    }
    if (differing > 1) return at;
  }
  return std::nullopt;
}

}  // namespace

std::vector<Box> boxes_of(const Shape& shape) {
  std::uint32_t sums = 0;
  std::vector<Box> all{Box{}};
  for (const AxisExpr& dim : shape.dims) all = product_of(all, boxes_of(dim, sums));
  return all;
}

std::optional<std::size_t> box_count(const Shape& shape, std::size_t limit) {
  std::size_t count = 1;
  for (const AxisExpr& dim : shape.dims) {
    const auto inner = box_count(dim, limit);
    if (!inner || (count *= *inner) > limit) return std::nullopt;
  }
  return count;
}

SideBoxes side_boxes(const Plan& plan, const std::vector<Term>& terms, const std::vector<std::string>& loops) {
  SideBoxes side;
  for (const Term& term : terms) {
    side.boxes.push_back(boxes_of(*term.shape));
    side.key_axes.push_back(indexes_of(plan, term.key));
    std::erase_if(side.key_axes.back(), [&](const std::string& index) {
      return std::find(loops.begin(), loops.end(), index) != loops.end();
    });
  }
  return side;
}

Pairing pair_boxes(const SideBoxes& source, const SideBoxes& destination, bool one_way) {
  std::map<AxisSet, Group> groups;
  std::vector<AxisSet> order;
  const auto collect = [&](const SideBoxes& side, std::vector<TermBox> Group::*where) {
    for (std::uint32_t term = 0; term < side.boxes.size(); ++term) {
      for (std::uint32_t box = 0; box < side.boxes[term].size(); ++box) {
        if (side.boxes[term][box].dropped) continue;
        AxisSet axes = axes_of(side, {term, box});
        const auto [group, is_new] = groups.try_emplace(axes);
        if (is_new) order.push_back(std::move(axes));
        (group->second.*where).push_back({term, box});
      }
    }
  };
  collect(source, &Group::sources);
  collect(destination, &Group::destinations);

  Pairing pairing;
  const auto refuse = [&](Pairing::Fault fault, TermBox at, bool at_source) {
    pairing.fault = fault;
    pairing.at = at;
    pairing.at_source = at_source;
    return pairing;
  };
  const auto strictly_inside = [](const AxisSet& a, const AxisSet& b) {
    return a.size() < b.size() && std::includes(b.begin(), b.end(), a.begin(), a.end());
  };
  for (const AxisSet& axes : order) {
    const Group& group = groups[axes];
    std::vector<TermBox> sources = group.sources;
    if (one_way && sources.empty()) {
      const AxisSet* narrower = nullptr;
      std::size_t candidates = 0;
      for (const AxisSet& other : order) {
        if (!groups[other].sources.empty() && strictly_inside(other, axes)) {
          ++candidates;
          narrower = &other;
        }
      }
      if (candidates == 1) sources = groups[*narrower].sources;
    }
    if (sources.empty()) return refuse(Pairing::Fault::no_source, group.destinations.front(), false);
    if (group.destinations.empty()) {
      const bool repeated = one_way && std::any_of(order.begin(), order.end(), [&](const AxisSet& other) {
                              return strictly_inside(axes, other) && groups[other].sources.empty();
                            });
      if (repeated) continue;
      return refuse(Pairing::Fault::no_destination, sources.front(), true);
    }
    if (sources.size() != group.destinations.size()) {
      pairing.sources = sources.size();
      pairing.destinations = group.destinations.size();
      return refuse(Pairing::Fault::counts_differ, group.destinations.front(), false);
    }
    if (sources.size() > 1) {
      if (const auto at = several_sums(source, sources)) return refuse(Pairing::Fault::ambiguous, *at, true);
      if (const auto at = several_sums(destination, group.destinations)) {
        return refuse(Pairing::Fault::ambiguous, *at, false);
      }
    }
    for (std::size_t i = 0; i < sources.size(); ++i) pairing.pairs.push_back({sources[i], group.destinations[i]});
  }
  return pairing;
}

}  // namespace omap
