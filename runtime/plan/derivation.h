#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "runtime/plan/facts.h"

namespace omap {

/// The facts of a conjunction, with every equality that gives the value of a name put into all of it.
struct Derivation {
  Substitution substitution;
  std::map<LinearForm, IntFact> ints;
  std::map<std::string, TermFact> terms;
  LinearSystem system;
};

/// Nothing where the atoms contradict each other. `substitution` holds already.
[[nodiscard]] std::optional<Derivation> derive(const Sorts& sorts, std::span<const Atom> atoms,
                                               Substitution substitution, std::size_t& steps);

}  // namespace omap
