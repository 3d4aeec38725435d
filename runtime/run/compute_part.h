#pragma once

#include <cstddef>
#include <span>

#include "diagnostics/diagnostic.h"
#include "runtime/bind/copy_program.h"
#include "runtime/checkpoint/checkpoint_reader.h"

namespace omap {

/// Computes the elements that `part` moves, and moves them. `part` is a piece of the box's scatter copy, whose source
/// offsets are those of the dense results; destination offsets count from `dst`. Elements are computed some at a time:
/// inputs and results lie in one half of `scratch`, the other half is for reading. A part that begins or ends inside an
/// element takes its bytes of it.
[[nodiscard]] Result<void> compute_part(const ComputedBox& box, const StridedCopy& part, const CheckpointReader& source,
                                        std::byte* dst, std::span<std::byte> scratch);

}  // namespace omap
