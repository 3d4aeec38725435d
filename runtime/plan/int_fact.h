#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>

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

/// Which remainders a value may leave by `modulus`, 1 to 64: those whose bit is set.
struct Remainders {
  std::int64_t modulus = 1;
  std::uint64_t allowed = ~std::uint64_t{0};
};

/// Whether a value that a fact lets be leaves allowed remainders by all moduli: looked for among the values themselves
/// where these are few, else among one from each class of all moduli together. True where those are too many.
[[nodiscard]] bool can_leave(const IntFact& fact, std::span<const Remainders> all);

}  // namespace omap
