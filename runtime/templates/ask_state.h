#pragma once

#include <span>
#include <string>

#include "runtime/plan/expr.h"
#include "runtime/templates/lower_templates.h"

namespace omap {

// What lowered templates ask of a state, as expressions over its keys. `side` is the one that is read.

/// That one of the sources of a template is there: for the value 0 of a placeholder that is expanded, and of the others
/// as well if templates are left out as a whole.
[[nodiscard]] Expr is_there(const StateMappingTemplate& mapping, const std::string& side, Absence absence);

/// The bound of a placeholder: one more than the greatest number in its place in the keys of the sources, the other
/// placeholders being 0 there; in those of the first template that the state has, or, where templates are left out by
/// value, in those of all. Without such a key it is 0 if nothing is there that it would be needed for, and else has no
/// value: it has to be set.
[[nodiscard]] Expr counted_bound(std::span<const StateMappingTemplate> templates, const std::string& placeholder,
                                 const std::string& side, Absence absence);

}  // namespace omap
