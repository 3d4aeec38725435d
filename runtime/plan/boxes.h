#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/plan/plan.h"

namespace omap {

// The meaning of a shape (docs/language.md "Shapes"): choose one piece of each sum, and what is left is a box of the
// tensor: a set of axes, each with a place. A rule pairs each box of one side with a box of the other that has the
// same axes. Nothing here knows an extent; binding gives boxes their places (bind/place_boxes.h).

/// The name that stands for all of `...` among a box's axes until a tensor's rank is known.
inline constexpr std::string_view ellipsis_axis = "...";

/// Piece `piece` was chosen of the sum that is `sum`-th, in reading order, in its shape.
struct SumChoice {
  std::uint32_t sum = 0;
  std::uint32_t piece = 0;
  friend bool operator==(const SumChoice&, const SumChoice&) = default;
};

struct Box {
  /// In reading order; extents of 1 have no axis.
  std::vector<std::string> axes;
  /// In reading order of the sums; a sum inside a piece that was not chosen has none.
  std::vector<SumChoice> choices;
  /// A piece that was chosen is `_`: its elements are dropped, or zero.
  bool dropped = false;
};

/// All boxes of a shape in reading order: the pieces of the first sum change slowest. At least one.
[[nodiscard]] std::vector<Box> boxes_of(const Shape& shape);

/// How many boxes a shape has, or nothing beyond `limit`.
[[nodiscard]] std::optional<std::size_t> box_count(const Shape& shape, std::size_t limit);

/// A box of one term of a rule. Its axes include the indexes of the term's key that are not loop indexes.
struct TermBox {
  std::uint32_t term = 0;
  std::uint32_t box = 0;
  friend bool operator==(const TermBox&, const TermBox&) = default;
};

/// The boxes of one side of a rule: by term, as `boxes_of` gives them.
struct SideBoxes {
  std::vector<std::vector<Box>> boxes;
  /// By term: key indexes that are axes of the rule.
  std::vector<std::vector<std::string>> key_axes;
};
/// Every term needs a shape.
[[nodiscard]] SideBoxes side_boxes(const Plan& plan, const std::vector<Term>& terms,
                                   const std::vector<std::string>& loops);

struct BoxPair {
  TermBox source;
  TermBox destination;
};

struct Pairing {
  /// One for each box of the destination that is not dropped, in reading order of its axes' first appearance.
  std::vector<BoxPair> pairs;

  enum class Fault : std::uint8_t {
    none,
    no_source,       ///< `at`, of the destination, has no partner
    no_destination,  ///< `at`, of the source, has no partner
    counts_differ,   ///< several boxes with the axes of `at` (of the destination): not as many in the source
    ambiguous,       ///< `at` is one of several boxes with the same axes that differ in more than one sum of a tensor
  };
  Fault fault = Fault::none;
  TermBox at;
  bool at_source = false;
  /// Of `counts_differ`: how many boxes each side has with these axes.
  std::size_t sources = 0, destinations = 0;
};

/// Pairs boxes by their axes; those of equal axes in reading order, which is unambiguous only if within each tensor
/// they come from a single sum. Where the rule is `one_way`, a destination's box may have axes that its source lacks:
/// the values are repeated along them.
[[nodiscard]] Pairing pair_boxes(const SideBoxes& source, const SideBoxes& destination, bool one_way);

}  // namespace omap
