#pragma once

#include <cstddef>

#include "runtime/copy/kernel_choice.h"
#include "runtime/copy/strided_copy.h"

namespace omap {

/// Moves the bytes of one copy; offsets count from `src` and `dst`, which do not overlap and need no alignment.
/// A destination whose loops do not nest is still written as the copy says.
void execute(const StridedCopy& copy, const std::byte* src, std::byte* dst);

/// The same with a kernel that was chosen for it; `src` and `dst` are where its first run lies.
void execute(const KernelChoice& choice, const std::byte* src, std::byte* dst);

/// Writes zero bytes where `copy` writes; its source side is not looked at.
void fill_zero(const StridedCopy& copy, std::byte* dst);

}  // namespace omap
