#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/copy/strided_copy.h"

namespace omap {

/// Bytes that reading one more takes about as long as: a read of n bytes costs n + read_cost.
inline constexpr std::uint64_t read_cost = 8 << 10;

/// How the source of a strided copy is read: a span of bytes for each iteration of the outer loops. With the loops
/// that move the source ordered by stride, outermost first,
///
///     span_n = run_bytes,  span_k = span_{k+1} + (extent_k - 1) stride_k,
///
/// loop k goes into the span while the gap that it adds, stride_k - span_{k+1}, is at most read_cost: then reading
/// what lies between is cheaper than another read.
struct SourceSpans {
  /// Indices into StridedCopy::dims of the loops with a source stride, by descending stride.
  std::vector<std::size_t> loops;
  /// loops[0, outside) step from span to span, the others lie inside one.
  std::size_t outside = 0;
  std::uint64_t span = 0;
  /// Spans in all: the product of the outside loops' extents.
  std::uint64_t count = 1;
};

[[nodiscard]] SourceSpans source_spans(const StridedCopy& copy);

/// Whether a copy gets at least a third of what its reads cost: bytes >= count (span + read_cost) / 3.
[[nodiscard]] bool reads_well(const StridedCopy& copy);

}  // namespace omap
