#include "runtime/bind/destination_view.h"

#include <algorithm>

#include "runtime/checkpoint/tensor_index.h"

namespace omap {
namespace {

/// The source's step for one step of `stride` bytes in the destination, for `extent` steps, where one loop makes them
/// all: stride = m dst_stride, and the steps end where the loop ends or before: m divides the loop's extent,
/// and m extent <= loop extent.
std::optional<std::uint64_t> source_step(const std::vector<CopyDim>& loops, std::uint64_t stride,
                                         std::uint64_t extent) {
  for (const CopyDim& loop : loops) {
    if (stride < loop.dst_stride) continue;
    if (stride % loop.dst_stride != 0) return std::nullopt;
    const std::uint64_t steps = stride / loop.dst_stride;
    // Whole blocks of `steps` iterations, so that no carry runs into the loop outside.
    if (loop.extent % steps != 0 || extent > loop.extent / steps) return std::nullopt;
    return steps * loop.src_stride;
  }
  return std::nullopt;
}

}  // namespace

std::optional<DestinationView> view_of(const Destination& destination) {
  if (destination.boxes.size() != 1 || bits(destination.dtype) % 8 != 0) return std::nullopt;
  const BoxCopy& box = destination.boxes.front();
  if (box.computed || box.source == BoxCopy::zero || box.copy.bytes() != destination.bytes) return std::nullopt;

  const std::uint64_t size = bits(destination.dtype) / 8;
  std::vector<CopyDim> loops = box.copy.dims;
  loops.push_back({box.copy.run_bytes / size, size, size});
  DestinationView view{box.source, static_cast<std::int64_t>(box.copy.src_offset / size), {}};
  const auto dense = dense_strides(destination.shape);
  for (std::size_t i = 0; i < dense.size(); ++i) {
    const auto extent = static_cast<std::uint64_t>(destination.shape[i]);
    // Along an extent of 1 nothing steps: any stride will do.
    const auto step = extent == 1 ? size * static_cast<std::uint64_t>(dense[i])
                                  : source_step(loops, size * static_cast<std::uint64_t>(dense[i]), extent);
    if (!step) return std::nullopt;
    view.strides.push_back(static_cast<std::int64_t>(*step / size));
  }
  return view;
}

}  // namespace omap
