#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "compiler/draft/key_families.h"

namespace omap {

/// A family of the left side and one of the right that may hold the same elements: their numbers have the same values,
/// their shapes are equal, or those of matrices where one is the other transposed, and a mapping can write both.
struct FamilyPair {
  enum class Certainty {
    bits,      ///< the first tensors have the same bits, and no other family's have them
    only_fit,  ///< neither fits any other family, and their bits could not be compared
    guess,     ///< the names are most alike, or the bits of the only ones that fit differ
  };
  std::size_t left = 0;
  std::size_t right = 0;
  Certainty certainty = Certainty::guess;
  /// For a guess, the other families of the right that fit.
  std::vector<std::size_t> others;
  /// The bits of the first tensors are the same where one of them is transposed.
  bool is_transposed = false;
  /// The bits of the first tensors were compared, and are not the same.
  bool differs = false;
};

/// Digests of what a tensor holds.
struct TensorDigest {
  std::size_t bits = 0;
  /// Of the elements of a matrix's first rows and columns, read row by row and column by column: the two are each
  /// other's where a matrix is another transposed. At most as many rows are looked at as columns.
  struct Corner {
    std::size_t rows = 0, columns = 0;
  };
  std::optional<Corner> corner = {};
};

/// That of a family's first tensor, if it can be read.
using Fingerprint = std::function<std::optional<TensorDigest>(const KeyFamily& family)>;

/// Each family is in one pair at most; pairs are in the order of the left families.
[[nodiscard]] std::vector<FamilyPair> pair_families(std::span<const KeyFamily> left, std::span<const KeyFamily> right,
                                                    const Fingerprint& left_bits, const Fingerprint& right_bits);

}  // namespace omap
