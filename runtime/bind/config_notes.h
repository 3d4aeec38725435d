#pragma once

#include <optional>
#include <string>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "runtime/bind/environment.h"
#include "runtime/plan/plan.h"

namespace omap {

/// A line that leaves out its field, `target`, for want of a value.
struct LeftOut {
  const ConfigLine* line;
  const Expr* target;
  NoValue why;
};

/// What to say of fields that are left out. Nothing of one that the source's config merely lacks: then it is none of
/// the destination's either. One that could not be there, or that a tokenizer or the user was to tell, is missed; and
/// all that a config would have told, where the source has none.
[[nodiscard]] Diagnostics fields_left_out(const Plan& plan, Direction direction, const std::vector<LeftOut>& left_out);

/// Whether a file that is given has nothing of what is `made` of it, and something that the mapping reads or writes in
/// the file of that name of the source's side.
[[nodiscard]] bool is_of_other_side(const Plan& plan, Direction direction, const Value& made, const std::string& file,
                                    const Value& given);
[[nodiscard]] Diagnostic config_of_other_side(const Plan& plan, Direction direction, const std::string& file);

/// The fields that a file has otherwise than what was made of it, if there are any.
[[nodiscard]] std::optional<Diagnostic> differing_fields(const std::string& file, const Value& made,
                                                         const Value& given);

}  // namespace omap
