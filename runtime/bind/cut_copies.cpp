#include "runtime/bind/cut_copies.h"

#include <algorithm>
#include <cassert>
#include <functional>
#include <utility>

namespace omap {
namespace {

/// A loop along one dimension of the source: positions `step` apart.
struct DimLoop {
  std::int64_t extent = 1;
  std::int64_t step = 0;
  std::uint64_t dst_stride = 0;
};

/// A dimension of the source, and where a copy is in it: at `begin` + sum of i * step.
struct Dimension {
  std::int64_t size = 0;
  /// Bytes from one position to the next.
  std::uint64_t stride = 0;
  std::int64_t begin = 0;
  /// By descending step: each iteration of a loop encloses those inside it.
  std::vector<DimLoop> loops;
};

/// A copy taken apart into the dimensions of its source.
struct DimensionedCopy {
  std::vector<Dimension> dimensions;
  /// Loops that do not move the source.
  std::vector<CopyDim> repeats;
};

/// A loop over s bytes of the source runs along the outermost dimension whose stride divides it. One that leaves its
/// dimension was merged: extent_b step_b = size, so that many iterations stay, and the rest runs along the next.
void add_loop(DimensionedCopy& taken, CopyDim loop) {
  std::size_t d = 0;
  while (taken.dimensions[d].stride > loop.src_stride || taken.dimensions[d].size == 1) ++d;
  Dimension& dimension = taken.dimensions[d];
  assert(loop.src_stride % dimension.stride == 0);
  const auto step = static_cast<std::int64_t>(loop.src_stride / dimension.stride);
  const auto extent = static_cast<std::int64_t>(loop.extent);
  if (dimension.begin + (extent - 1) * step < dimension.size) {
    dimension.loops.push_back({extent, step, loop.dst_stride});
    return;
  }
  const std::int64_t inside = dimension.size / step;
  assert(dimension.size % step == 0 && extent % inside == 0 && inside > 1);
  dimension.loops.push_back({inside, step, loop.dst_stride});
  const auto merged = static_cast<std::uint64_t>(inside);
  add_loop(taken, {loop.extent / merged, loop.src_stride * merged, loop.dst_stride * merged});
}

DimensionedCopy take_apart(const StridedCopy& copy, const TensorInfo& source, std::uint64_t element) {
  DimensionedCopy taken;
  const auto strides = dense_strides(source.shape);
  std::uint64_t offset = copy.src_offset;
  for (std::size_t d = 0; d < source.shape.size(); ++d) {
    const std::uint64_t stride = static_cast<std::uint64_t>(strides[d]) * element;
    taken.dimensions.push_back({source.shape[d], stride, static_cast<std::int64_t>(offset / stride), {}});
    offset %= stride;
  }
  std::vector<CopyDim> loops = copy.dims;
  loops.push_back({copy.run_bytes / element, element, element});
  for (const CopyDim& loop : loops) {
    if (loop.extent == 1) continue;
    if (loop.src_stride == 0) {
      taken.repeats.push_back(loop);
    } else {
      add_loop(taken, loop);
    }
  }
  for (Dimension& dimension : taken.dimensions) {
    std::ranges::stable_sort(dimension.loops, std::ranges::greater(), &DimLoop::step);
  }
  return taken;
}

/// What is left of a dimension's loops in an interval: the first position, and where in the destination that goes.
struct DimPart {
  std::int64_t begin = 0;
  std::uint64_t dst_offset = 0;
  std::vector<DimLoop> loops;
};

/// Adds the parts of loops [k, ...) whose positions, from `part.begin` on, lie in [low, high); the loops before k have
/// been dealt with.
void clip_loops(const Dimension& dimension, std::size_t k, const DimPart& part, std::int64_t low, std::int64_t high,
                std::vector<DimPart>& parts) {
  std::int64_t last = part.begin;
  for (std::size_t i = k; i < dimension.loops.size(); ++i) {
    last += (dimension.loops[i].extent - 1) * dimension.loops[i].step;
  }
  if (part.begin >= high || last < low) return;
  if (part.begin >= low && last < high) {
    DimPart whole = part;
    whole.loops.insert(whole.loops.end(), dimension.loops.begin() + static_cast<std::ptrdiff_t>(k),
                       dimension.loops.end());
    parts.push_back(std::move(whole));
    return;
  }
  const DimLoop& loop = dimension.loops[k];
  const std::int64_t inner = last - part.begin - (loop.extent - 1) * loop.step;
  assert(inner < loop.step);
  const auto at = [&](std::int64_t i) {
    DimPart moved = part;
    moved.begin += i * loop.step;
    moved.dst_offset += static_cast<std::uint64_t>(i) * loop.dst_stride;
    return moved;
  };
  // Iterations [first, behind) lie inside whole; the ones before and behind them may be cut.
  const std::int64_t ahead = std::max<std::int64_t>(low - part.begin, 0);
  const std::int64_t first = std::min((ahead + loop.step - 1) / loop.step, loop.extent);
  const std::int64_t room = high - 1 - inner - part.begin;
  const std::int64_t behind = std::clamp(room < 0 ? 0 : room / loop.step + 1, first, loop.extent);
  if (first > 0) clip_loops(dimension, k + 1, at(first - 1), low, high, parts);
  if (behind > first) {
    DimPart whole = at(first);
    if (behind - first > 1) whole.loops.push_back({behind - first, loop.step, loop.dst_stride});
    whole.loops.insert(whole.loops.end(), dimension.loops.begin() + static_cast<std::ptrdiff_t>(k) + 1,
                       dimension.loops.end());
    parts.push_back(std::move(whole));
  }
  if (behind < loop.extent) clip_loops(dimension, k + 1, at(behind), low, high, parts);
}

/// Every combination of the dimensions' parts is a copy from the piece.
class PieceCutter {
 public:
  PieceCutter(const StridedCopy& copy, const DimensionedCopy& taken, const TensorPiece& piece, std::uint64_t element)
      : taken_(taken), element_(element), piece_(piece) {
    strides_ = piece.strides.empty() ? dense_strides(piece.sizes) : piece.strides;
    made_.dst_offset = copy.dst_offset;
    made_.run_bytes = element;
    made_.dims = taken.repeats;
  }

  std::vector<StridedCopy> cut() {
    for (std::size_t d = 0; d < taken_.dimensions.size(); ++d) {
      const Dimension& dimension = taken_.dimensions[d];
      const std::int64_t low = piece_.offsets[d];
      parts_.emplace_back();
      clip_loops(dimension, 0, {dimension.begin, 0, {}}, low, low + piece_.sizes[d], parts_.back());
      if (parts_.back().empty()) return {};
    }
    combine(0, made_);
    return std::move(copies_);
  }

 private:
  void combine(std::size_t d, const StridedCopy& so_far) {
    if (d == parts_.size()) {
      copies_.push_back(so_far);
      normalize(copies_.back());
      return;
    }
    const std::uint64_t stride = static_cast<std::uint64_t>(strides_[d]) * element_;
    for (const DimPart& part : parts_[d]) {
      StridedCopy copy = so_far;
      copy.src_offset += static_cast<std::uint64_t>(part.begin - piece_.offsets[d]) * stride;
      copy.dst_offset += part.dst_offset;
      for (const DimLoop& loop : part.loops) {
        copy.dims.push_back(
            {static_cast<std::uint64_t>(loop.extent), static_cast<std::uint64_t>(loop.step) * stride, loop.dst_stride});
      }
      combine(d + 1, copy);
    }
  }

  const DimensionedCopy& taken_;
  std::uint64_t element_;
  const TensorPiece& piece_;
  std::vector<std::int64_t> strides_;
  /// By dimension.
  std::vector<std::vector<DimPart>> parts_;
  StridedCopy made_;
  std::vector<StridedCopy> copies_;
};

void cut_input(ComputedBox::Input& input, const TensorIndex& sources) {
  const TensorInfo& source = sources.tensors()[input.source];
  if (source.pieces.empty()) return;
  std::vector<StridedCopy> copies;
  for (const StridedCopy& copy : input.copies) {
    for (PieceCopy& cut : cut_by_pieces(copy, source)) {
      copies.push_back(std::move(cut.copy));
      input.pieces.push_back(cut.piece);
    }
  }
  input.copies = std::move(copies);
}

}  // namespace

std::vector<PieceCopy> cut_by_pieces(const StridedCopy& copy, const TensorInfo& source) {
  std::vector<PieceCopy> all;
  if (copy.empty()) return all;
  const std::uint64_t element = bits(source.dtype) / 8;
  const DimensionedCopy taken = take_apart(copy, source, element);
  for (std::uint32_t i = 0; i < source.pieces.size(); ++i) {
    for (StridedCopy& cut : PieceCutter(copy, taken, source.pieces[i], element).cut()) {
      all.push_back({i, std::move(cut)});
    }
  }
  return all;
}

void cut_by_pieces(CopyProgram& program, const TensorIndex& sources) {
  for (Destination& destination : program.destinations) {
    std::vector<BoxCopy> boxes;
    for (BoxCopy& box : destination.boxes) {
      const bool moves = box.source != BoxCopy::zero && !box.computed;
      if (!moves || sources.tensors()[box.source].pieces.empty()) {
        boxes.push_back(std::move(box));
        continue;
      }
      for (PieceCopy& cut : cut_by_pieces(box.copy, sources.tensors()[box.source])) {
        boxes.push_back({box.source, std::move(cut.copy), std::nullopt, cut.piece});
      }
    }
    destination.boxes = std::move(boxes);
  }
  for (ComputedBox& box : program.computed) {
    if (box.source) cut_input(*box.source, sources);
    for (ComputedBox::Input& operand : box.operands) cut_input(operand, sources);
  }
}

}  // namespace omap
