#pragma once

#include <cstddef>
#include <vector>

#include "runtime/plan/sorts.h"

namespace omap {

/// A way in which two key templates may be one text: all of `equal` hold, over occurrences of indexes (`layer@0` of
/// the first template, `layer@1` of the second) and params.
struct KeyOverlap {
  std::vector<Expr> equal;
  /// Whether the texts are equal wherever `equal` holds. Else that is only necessary: what remains is a question of
  /// texts that are not known, or of numbers that touch digits.
  bool exact = true;
};

/// All ways in which the keys that two templates write may be equal: none if no values make them so. `alternatives`
/// stand for the first of them. `steps` is counted up by the work.
[[nodiscard]] std::vector<KeyOverlap> key_overlaps(const Sorts& sorts, const KeyTemplate& a, const KeyTemplate& b,
                                                   std::size_t& steps);

}  // namespace omap
