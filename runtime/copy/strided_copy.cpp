#include "runtime/copy/strided_copy.h"

#include <algorithm>

namespace omap {
namespace {

/// a (outside) and b walk both tensors as one loop of extent_a * extent_b steps of stride_b would.
bool runs_on(const CopyDim& a, const CopyDim& b) {
  return a.src_stride == b.extent * b.src_stride && a.dst_stride == b.extent * b.dst_stride;
}

/// From the first byte of the first run to the last byte of the last, along the strides that `stride` picks.
std::uint64_t end_along(const StridedCopy& copy, std::uint64_t offset, std::uint64_t CopyDim::*stride) {
  if (copy.empty()) return 0;
  std::uint64_t end = offset + copy.run_bytes;
  for (const CopyDim& dim : copy.dims) end += (dim.extent - 1) * dim.*stride;
  return end;
}

}  // namespace

std::uint64_t StridedCopy::bytes() const {
  std::uint64_t product = run_bytes;
  for (const CopyDim& dim : dims) product *= dim.extent;
  return product;
}

bool StridedCopy::empty() const {
  return run_bytes == 0 || std::ranges::any_of(dims, [](const CopyDim& dim) { return dim.extent == 0; });
}

// One pass over the dims, outermost first, is enough: merging a and b leaves b's strides, so whether the result merges
// with what follows depends on b alone. And once nothing merges, at most the innermost loop joins the run: the one
// outside it would need stride = extent_b * run_bytes = extent_b * stride_b, and would have merged with it.
void normalize(StridedCopy& copy) {
  if (copy.empty()) {
    copy = StridedCopy{};
    return;
  }
  std::erase_if(copy.dims, [](const CopyDim& dim) { return dim.extent == 1; });
  std::ranges::stable_sort(copy.dims, std::ranges::greater{}, &CopyDim::dst_stride);

  std::vector<CopyDim> merged;
  for (const CopyDim& dim : copy.dims) {
    if (!merged.empty() && runs_on(merged.back(), dim)) {
      merged.back() = {merged.back().extent * dim.extent, dim.src_stride, dim.dst_stride};
    } else {
      merged.push_back(dim);
    }
  }
  if (!merged.empty() && runs_on(merged.back(), {copy.run_bytes, 1, 1})) {
    copy.run_bytes *= merged.back().extent;
    merged.pop_back();
  }
  copy.dims = std::move(merged);
}

std::uint64_t src_end(const StridedCopy& copy) { return end_along(copy, copy.src_offset, &CopyDim::src_stride); }

std::uint64_t dst_end(const StridedCopy& copy) { return end_along(copy, copy.dst_offset, &CopyDim::dst_stride); }

}  // namespace omap
