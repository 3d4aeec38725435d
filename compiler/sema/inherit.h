#pragma once

#include <vector>

#include "compiler/sema/checked_module.h"

namespace omap::sema {

/// Joins each mapping with the one that it extends, and that one with its own: what is inherited comes first, changed
/// by the mapping's `override`, `restrict` and `remove`, which all apply at once. Requirements are not inherited.
///
/// `override RULE` takes the place of the inherited rules that write a key which it names; all the mapping's other
/// rules may then write that key. Reports a base that there is not, a circle, a change that meets nothing, and a
/// declaration or rule that clashes with an inherited one.
void inherit(std::vector<CheckedMapping>& mappings, Diagnostics& diagnostics);

}  // namespace omap::sema
