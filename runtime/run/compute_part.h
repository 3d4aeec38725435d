#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "diagnostics/diagnostic.h"
#include "runtime/bind/copy_program.h"
#include "runtime/copy/strided_copy.h"

namespace omap {

/// Moves elements of a source tensor, by place in the source's TensorIndex, or of one of its pieces, if it has any:
/// destination offsets count from `out`.
using MoveInput =
    std::function<Result<void>(std::uint32_t source, std::uint32_t piece, const StridedCopy& copy, std::byte* out)>;

/// Where a source tensor lies in memory, from its first element on; null if it does not.
using LieInMemory = std::function<const std::byte*(std::uint32_t source)>;

/// Computes the elements that `part` moves, and moves them. `part` is a piece of the box's scatter copy, whose source
/// offsets are those of the dense results; destination offsets count from `dst`. Elements are computed some at a time:
/// inputs and results lie in `staging`, which holds at least one of each; but dense inputs in memory are
/// read where they are, and dense results written where they go. A part that begins or ends inside an element takes its
/// bytes of it.
[[nodiscard]] Result<void> compute_part(const ComputedBox& box, const StridedCopy& part, const MoveInput& move,
                                        std::byte* dst, std::span<std::byte> staging,
                                        const LieInMemory& in_memory = {});

}  // namespace omap
