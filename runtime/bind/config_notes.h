#pragma once

#include <optional>
#include <string>

#include "diagnostics/diagnostic.h"
#include "runtime/bind/environment.h"
#include "runtime/plan/plan.h"

namespace omap {

/// What to say of a line that leaves out its field, `target`, for want of a value. Nothing where only the source's
/// config lacks it: then it is none of the destination's either. One that could not be there, or that a tokenizer or
/// the user was to tell, is missed.
[[nodiscard]] std::optional<Diagnostic> unknown_field(const Plan& plan, const ConfigLine& line, const Expr& target,
                                                      const NoValue& why);

/// The fields that a file has otherwise than what was made of it, if there are any.
[[nodiscard]] std::optional<Diagnostic> differing_fields(const std::string& file, const Value& made,
                                                         const Value& given);

}  // namespace omap
