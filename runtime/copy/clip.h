#pragma once

#include <cstdint>
#include <functional>

#include "runtime/copy/strided_copy.h"

namespace omap {

using EmitCopy = std::function<void(const StridedCopy&)>;

/// Emits the parts of a copy whose destination bytes lie in [begin, end) of the destination, in order, each in normal
/// form; runs are cut where the interval cuts them. `copy` is in normal form.
///
/// Because the destination's loops nest, an interval of its bytes is a range in the loops' lexicographic order: of the
/// outermost loop a first iteration that is cut, whole ones, a last one that is cut; and so on inside those two.
/// Hence at most 2 * dims.size() + 1 parts.
void clip(const StridedCopy& copy, std::uint64_t begin, std::uint64_t end, const EmitCopy& emit);

/// A rectangle of a destination that is seen as rows of `pitch` bytes: the columns [column, column + width) of the rows
/// [row, row + rows).
struct Window {
  std::uint64_t pitch = 0;
  std::uint64_t row = 0;
  std::uint64_t rows = 0;
  std::uint64_t column = 0;
  std::uint64_t width = 0;
};

/// Whether rows of `pitch` bytes cut a copy between two of its loops: with I the loops of dst_stride < pitch,
///
///     dst_stride_k % pitch = 0 for every k not in I,
///     dst_offset % pitch + sum over I of (extent_k - 1) dst_stride_k + run_bytes <= pitch
///
[[nodiscard]] bool fits_rows(const StridedCopy& copy, std::uint64_t pitch);

/// Emits the parts of a copy that lie in a window, as copies into a dense buffer that holds the window alone (rows of
/// `width` bytes). `fits_rows(copy, window.pitch)` holds.
void clip(const StridedCopy& copy, const Window& window, const EmitCopy& emit);

}  // namespace omap
