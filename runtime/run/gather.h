#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "diagnostics/diagnostic.h"
#include "runtime/copy/strided_copy.h"

namespace omap {

/// Fills a buffer with bytes of a source tensor, from an offset on.
using ReadSource = std::function<Result<void>(std::uint64_t offset, std::span<std::byte> out)>;

/// Moves one copy from a source that is read piece by piece; destination offsets count from `dst`. Where runs are long
/// they are read into their places, else spans are read into `scratch` and moved from there; the copy is split, along
/// the source's outermost loops first, until a piece's spans fit.
[[nodiscard]] Result<void> gather(const StridedCopy& copy, const ReadSource& read, std::byte* dst,
                                  std::span<std::byte> scratch);

}  // namespace omap
