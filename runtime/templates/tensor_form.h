#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "runtime/plan/expr.h"

namespace omap {

/// Part of a dimension: dimensions are products of atoms, row-major, and every operation of a template only cuts atoms
/// and moves them. So one list of atoms says what a dimension is before the operations, another what it is after.
struct FormAtom {
  enum class Kind : std::uint8_t {
    open,     ///< any size: the sources' headers tell it
    literal,  ///< `size`
    named,    ///< the value of the param `axis`, which is `extent`
    key,      ///< the values of the index `axis`, of `extent` values, which stands in keys
    joined,   ///< sources of any sizes, one after another: `pieces` are their axes
  };
  Kind kind = Kind::open;
  std::string axis;
  std::int64_t size = 0;
  Expr extent;
  std::vector<std::string> pieces;
  /// Of a literal: its values stand one by one, as the pieces of a sum. By value, the axis of extent 1 that marks it.
  bool enumerated = false;
  std::vector<std::string> marks;
};

/// A dimension, or with `rest` all those whose number is not known.
struct Dim {
  std::vector<std::size_t> atoms;
  bool rest = false;
};

/// A template's tensor before and after its operations.
///
/// Which tensor an element is in is an atom too. Where there are several sources and their sizes are equal, the concat
/// dimension begins with the atoms `source_pieces`: read as one number of N = product of their sizes values, source i
/// of n has the values from i N / n up to (i + 1) N / n. Destinations have the chunk dimension in the same way.
struct TensorForm {
  std::vector<FormAtom> atoms;
  std::vector<Dim> before, after;
  std::size_t sources = 1, destinations = 1;
  std::vector<std::size_t> source_pieces, destination_pieces;

  std::size_t add(FormAtom atom);
  /// Puts atoms in the place of one, wherever it stands; it may be among them.
  void replace(std::size_t atom, const std::vector<std::size_t>& parts);
};

}  // namespace omap
