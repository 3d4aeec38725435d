#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "diagnostics/source_range.h"
#include "runtime/plan/expr.h"
#include "runtime/plan/place.h"
#include "runtime/plan/verification.h"

namespace omap {

/// Which indexes have a value where an expression stands.
struct IndexScope {
  bool all = false;
  std::vector<std::string> names;
};

/// What an expression or a key is part of.
struct ExprSite {
  SourceRange range;
  IndexScope scope;
};

enum class KeyUse : std::uint8_t {
  tensor,   ///< no wildcards
  counted,  ///< exactly one `{_}`
  pattern,  ///< `*` and `**` as well
};

/// `depth` of the expression itself. Recursion ends where the depth exceeds its limit.
void verify_expr(Verification& verification, const Expr& expr, const ExprSite& site, const Place& place,
                 std::size_t depth = 1);
/// `depth` of the expressions in placeholders.
void verify_key(Verification& verification, const KeyTemplate& key, KeyUse use, const ExprSite& site,
                const Place& place, std::size_t depth = 1);

}  // namespace omap
