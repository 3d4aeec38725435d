#pragma once

#include <string>
#include <vector>

#include "tests/reference/mapping_model.h"
#include "tests/reference/random.h"

namespace omap::test {

/// Params that values may name: `scale: float`, `shift: int`, `kind: dtype`.
void declare_value_params(Random& random, Mapping& mapping);

/// Gives a rule arithmetic, casts and sources of several dtypes; second tensors too, if it has one direction. `number`
/// sets their keys apart from other rules'.
void draw_values(Random& random, const Mapping& mapping, std::size_t number, MadeRule& rule);

/// Makes the sources of a rule of one direction a `fill`.
void draw_fill(Random& random, MadeRule& rule);

/// One more step with a number or a param, or (`tensors`) mostly with a tensor.
void add_step(Random& random, const Mapping& mapping, std::size_t number, bool tensors, MadeTerm& term);
/// A dtype or a param behind `as`.
void add_as(Random& random, const Mapping& mapping, MadeTerm& term);

}  // namespace omap::test
