#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>

namespace omap {

/// What a linear form without a constant may be.
struct IntFact {
  std::optional<std::int64_t> least, greatest;
  std::optional<std::set<std::int64_t>> allowed;
  std::set<std::int64_t> excluded;
};

/// Whether neither list of a fact rules a value out; its bounds may.
[[nodiscard]] bool lists_allow(const IntFact& fact, std::int64_t value);

/// Drops what the bounds and exclusions rule out. False: nothing is left.
[[nodiscard]] bool tighten(IntFact& fact);

/// By modulus, 1 to 64: which remainders a value may leave, those whose bit is set.
using Remainders = std::map<std::int64_t, std::uint64_t>;

/// Whether a value that a fact lets be leaves allowed remainders by all moduli: looked for among the values themselves
/// where these are few, else among one from each class of all moduli together. True where those are too many.
[[nodiscard]] bool can_leave(const IntFact& fact, const Remainders& remainders);

}  // namespace omap
