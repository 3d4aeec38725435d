#pragma once

#include <span>
#include <string>
#include <vector>

#include "runtime/plan/exclusion.h"
#include "runtime/plan/sorts.h"

namespace omap {

/// Requirements that bear on claims.
struct Assumptions {
  /// Hold wherever the claims do: they read nothing but params that binding has to know for the claims themselves.
  std::vector<const Expr*> certain;
  /// May not apply, as what they read may be unavailable: a clash has to agree with them, and nothing is proved by
  /// them.
  std::vector<const Expr*> possible;
};

/// Of those that share a param, or a source, with the claims.
[[nodiscard]] Assumptions assumptions(const Sorts& sorts, std::span<const Claim> claims);

/// Indexes whose values a claim runs over, by name, each once.
[[nodiscard]] std::vector<std::string> indexes_of(const Claim& claim);

}  // namespace omap
