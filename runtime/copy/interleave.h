#pragma once

#include <cstddef>
#include <cstdint>

namespace omap {

// Two to four streams of elements of 1, 2, 4 or 8 bytes, and one in which they take turns: the halves of a gated layer,
// the pairs of a rotary embedding.

/// Whether there are kernels for so many streams of such elements.
[[nodiscard]] constexpr bool interleaves(std::uint64_t element_bytes, std::uint64_t streams) {
  const bool size = element_bytes == 1 || element_bytes == 2 || element_bytes == 4 || element_bytes == 8;
  return size && streams >= 2 && streams <= 4;
}

/// `count` elements of each of `streams` streams:
///
///     dst[(i * streams + k) * N, N] = src[k * src_stride + i * N, N]
///
struct Interleave {
  std::uint64_t element_bytes = 0;
  std::uint64_t streams = 0;
  std::uint64_t count = 0;
  std::uint64_t src_stride = 0;
};
void interleave(const Interleave& shape, const std::byte* src, std::byte* dst);

/// The way back, for the first `kept` of them:
///
///     dst[k * dst_stride + i * N, N] = src[(i * streams + k) * N, N]
///
/// Nothing is read behind the last element that is kept.
struct Deinterleave {
  std::uint64_t element_bytes = 0;
  std::uint64_t streams = 0;
  std::uint64_t kept = 0;
  std::uint64_t count = 0;
  std::uint64_t dst_stride = 0;
};
void deinterleave(const Deinterleave& shape, const std::byte* src, std::byte* dst);

}  // namespace omap
