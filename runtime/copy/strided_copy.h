#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace omap {

/// One loop of a copy. Strides are bytes; a source stride of 0 repeats the source along the loop.
struct CopyDim {
  std::uint64_t extent = 1;
  std::uint64_t src_stride = 0;
  std::uint64_t dst_stride = 0;
  friend bool operator==(const CopyDim&, const CopyDim&) = default;
};

/// Moves a box of elements:
///
///     for each i in [0, dims[0].extent) x [0, dims[1].extent) x ...
///       dst[dst_offset + sum i_k dst_stride_k, run_bytes] = src[src_offset + sum i_k src_stride_k, run_bytes]
///
/// Offsets and strides are bytes, from the first byte of the source tensor and of the destination tensor.
/// Copies that fill one destination cover each of its bytes exactly once, so they run in any order, on any thread.
///
/// Normal form (`normalize`): no extent is 1, the destination's strides decrease, neighbours that run on in both
/// tensors are merged, and what is contiguous in both is one run. Within a copy the destination's loops nest:
/// dst_stride_k >= the bytes that the loops inside k span, which is what makes a destination row-major.
struct StridedCopy {
  std::uint64_t src_offset = 0;
  std::uint64_t dst_offset = 0;
  std::uint64_t run_bytes = 0;
  std::vector<CopyDim> dims;
  friend bool operator==(const StridedCopy&, const StridedCopy&) = default;

  /// Bytes that are written. Fits 64 bits for copies that binding made.
  [[nodiscard]] std::uint64_t bytes() const;
  /// Nothing is moved: an extent is 0.
  [[nodiscard]] bool empty() const;
};

/// Brings a copy whose dims stand in any order into normal form; what it moves stays the same.
/// Two dims a (outside) and b merge where for both tensors stride_a = extent_b * stride_b;
/// the innermost joins the run where both its strides are run_bytes.
void normalize(StridedCopy& copy);

/// One past the last byte that a copy reads (writes), from the tensor's first byte; 0 for an empty copy.
[[nodiscard]] std::uint64_t src_end(const StridedCopy& copy);
[[nodiscard]] std::uint64_t dst_end(const StridedCopy& copy);

}  // namespace omap
