#pragma once

#include <span>
#include <vector>

#include "runtime/bind/copy_program.h"

namespace omap {

/// Claims the tensors that ties consume, of those that nothing has `claimed` yet (by their numbers): each is tied,
/// through others or not, to one that is claimed, or that no tie drops and so is left to be. Tensors that are tied in
/// a circle, of which nothing reads one, are left unclaimed: their elements would be nowhere.
void claim_tied(std::span<const TieCheck> ties, std::vector<bool>& claimed);

}  // namespace omap
