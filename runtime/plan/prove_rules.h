#pragma once

#include "diagnostics/diagnostic.h"
#include "runtime/plan/plan.h"

namespace omap {

/// What can be shown of a plan without a checkpoint, for the directions that each rule has. The compiler runs these
/// on what it lowered and the loader on what it read, so that a plan written by hand is held to the same.
/// The plan's structure has been verified. Problems are appended; a rule's later proofs are left out once one fails.
void prove_rules(const Plan& plan, Diagnostics& diagnostics);

// The proofs, one file each. True where nothing was found.

/// Shapes on all terms or on none; dropped pieces where they may stand; one extent for each literal; each axis once in
/// a box, on both sides, and boxes that pair up in one way.
bool prove_axes(const Plan& plan, const Rule& rule, Diagnostics& diagnostics);

/// Arithmetic on one side, with an inverse where its tensor is written; operands whose axes are known; `fill` where it
/// may stand, and `r/128`.
bool prove_values(const Plan& plan, const Rule& rule, Diagnostics& diagnostics);

/// No two lines of a direction write one path of a config, as far as conditions tell.
void prove_config(const Plan& plan, Diagnostics& diagnostics);

/// A warning for each param that a direction needs and cannot read.
void prove_params(const Plan& plan, Diagnostics& diagnostics);

/// Every extent of a destination follows from the sources, indexes, params and literals.
bool prove_extents(const Plan& plan, const Rule& rule, Diagnostics& diagnostics);

/// No index has a value twice, as far as its list is written out.
bool prove_indexes(const Plan& plan, Diagnostics& diagnostics);

/// A key tells the values of its indexes apart, numbers that is: of texts see `prove_disjoint`.
bool prove_keys(const Plan& plan, const Rule& rule, Diagnostics& diagnostics);

/// No two rules of a direction write one key, nor one rule for two values of its indexes: the keys differ for all
/// values, or the conditions exclude each other. Nor does one write what another would read back as its own: an
/// alternative. What cannot be told without a checkpoint is a note, and left to binding. Nearly linear in the
/// rules; a plan with too many keys that are alike gets a note that says so.
bool prove_disjoint(const Plan& plan, Diagnostics& diagnostics);

/// Warns of conditions that hold for no values, and of alternatives that nothing chooses.
void find_unreachable(const Plan& plan, Diagnostics& diagnostics);

}  // namespace omap
