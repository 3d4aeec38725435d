#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "runtime/plan/derivation.h"

namespace omap {

/// Values of the indexes and int params in a conjunction that make it true, as "`layer` = 2 and `n` = 2": found by
/// trying the least values that the bounds allow. Every comparison of ints is decided by them. Of the other conditions,
/// those of one claim have to be among those of the other: where that one holds, so does this one. Two that nothing
/// relates may never hold together, so they are no witness. Nothing where none is found.
[[nodiscard]] std::optional<std::string> find_witness(const Sorts& sorts, const std::vector<Atom>& atoms,
                                                      const Derivation& derivation, std::size_t& steps);

}  // namespace omap
