#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "compiler/draft/key_families.h"

namespace omap {

/// A family of the left side and one of the right that may hold the same elements: their numbers have the same values,
/// their shapes are equal, and a mapping can write both.
struct FamilyPair {
  enum class Certainty {
    bits,      ///< the first tensors have the same bits, and no other family's have them
    only_fit,  ///< neither fits any other family
    guess,     ///< the names are most alike
  };
  std::size_t left = 0;
  std::size_t right = 0;
  Certainty certainty = Certainty::guess;
  /// For a guess, the other families of the right that fit.
  std::vector<std::size_t> others;
};

/// A digest of what the first tensor of a family holds, if it can be read.
using Fingerprint = std::function<std::optional<std::size_t>(const KeyFamily& family)>;

/// Each family is in one pair at most; pairs are in the order of the left families.
[[nodiscard]] std::vector<FamilyPair> pair_families(std::span<const KeyFamily> left, std::span<const KeyFamily> right,
                                                    const Fingerprint& left_bits, const Fingerprint& right_bits);

}  // namespace omap
