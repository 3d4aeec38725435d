#pragma once

#include <span>

#include "diagnostics/diagnostic.h"
#include "runtime/bind/copy_program.h"
#include "runtime/checkpoint/checkpoint_reader.h"
#include "runtime/run/buffer_pair.h"

namespace omap {

/// Compares tied tensors of a checkpoint; `tie_differs` names the first difference of the first tie that does not hold.
[[nodiscard]] Result<void> check_ties(std::span<const TieCheck> ties, const CheckpointReader& source,
                                      std::span<const BufferPair> buffers);

}  // namespace omap
