#pragma once

#include <set>
#include <string>

#include "tests/reference/mapping_model.h"
#include "tests/reference/random.h"

namespace omap::test {

/// A well-typed mapping with sizes for its tensors: whatever its rules need is declared. `refused` counts, by reason,
/// rules that were drawn and that the reference gives no meaning. `values`: how many percent of the rules have some.
[[nodiscard]] Mapping random_mapping(Random& random, std::map<std::string, std::size_t>& refused, unsigned values = 50);

/// What of the language a mapping has, in words: a test counts them, so that none goes untested.
[[nodiscard]] std::set<std::string> features_of(const Mapping& mapping);
/// All of those words.
[[nodiscard]] const std::set<std::string>& all_features();

/// Declares a param for every axis whose extent the sources of some direction do not tell. False if one cannot be.
[[nodiscard]] bool declare_extents(Random& random, Mapping& mapping);

}  // namespace omap::test
