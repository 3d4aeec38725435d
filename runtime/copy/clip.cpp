#include "runtime/copy/clip.h"

#include <algorithm>

namespace omap {
namespace {

std::uint64_t div_up(std::uint64_t a, std::uint64_t b) { return a / b + (a % b != 0 ? 1 : 0); }

/// The clip of loops [k, n) at given offsets; the loops outside k are fixed.
class Clip {
 public:
  Clip(const StridedCopy& copy, std::uint64_t begin, std::uint64_t end, const EmitCopy& emit)
      : copy_(copy), begin_(begin), end_(end), emit_(emit), spans_(copy.dims.size() + 1, copy.run_bytes) {
    for (std::size_t k = copy.dims.size(); k-- > 0;) {
      spans_[k] = spans_[k + 1] + (copy.dims[k].extent - 1) * copy.dims[k].dst_stride;
    }
  }

  void from(std::size_t k, std::uint64_t src, std::uint64_t dst) const {
    if (dst >= end_ || dst + spans_[k] <= begin_) return;
    if (k == copy_.dims.size()) return emit_run(src, dst);

    // Iteration i writes [dst + i stride, dst + i stride + inner): it meets the interval for i in [first, last), and
    // lies inside it for i in [whole, whole_end).
    const CopyDim& dim = copy_.dims[k];
    const std::uint64_t inner = spans_[k + 1];
    const std::uint64_t skipped = begin_ > dst ? begin_ - dst : 0;
    const std::uint64_t kept = end_ - dst;
    const std::uint64_t first = skipped < inner ? 0 : (skipped - inner) / dim.dst_stride + 1;
    const std::uint64_t last = std::min(dim.extent, div_up(kept, dim.dst_stride));
    const std::uint64_t whole = std::min(last, div_up(skipped, dim.dst_stride));
    const std::uint64_t whole_end = kept < inner ? 0 : std::min(last, (kept - inner) / dim.dst_stride + 1);

    if (first >= last) return;
    if (whole >= whole_end) {
      for (std::uint64_t i = first; i < last; ++i) from(k + 1, src + i * dim.src_stride, dst + i * dim.dst_stride);
      return;
    }
    if (first < whole) from(k + 1, src + first * dim.src_stride, dst + first * dim.dst_stride);
    emit_whole(k, whole, whole_end, src, dst);
    if (whole_end < last) from(k + 1, src + whole_end * dim.src_stride, dst + whole_end * dim.dst_stride);
  }

 private:
  void emit_run(std::uint64_t src, std::uint64_t dst) const {
    const std::uint64_t low = std::max(begin_, dst);
    const std::uint64_t high = std::min(end_, dst + copy_.run_bytes);
    emit_({src + (low - dst), low, high - low, {}});
  }

  /// Fixing the outer loops and shortening loop k leaves normal form, as merging asks for strides and for the extents
  /// of inner loops only.
  void emit_whole(std::size_t k, std::uint64_t begin, std::uint64_t end, std::uint64_t src, std::uint64_t dst) const {
    const CopyDim& dim = copy_.dims[k];
    StridedCopy part{src + begin * dim.src_stride, dst + begin * dim.dst_stride, copy_.run_bytes, {}};
    part.dims.assign(copy_.dims.begin() + static_cast<std::ptrdiff_t>(k), copy_.dims.end());
    part.dims.front().extent = end - begin;
    if (end - begin == 1) part.dims.erase(part.dims.begin());
    emit_(part);
  }

  const StridedCopy& copy_;
  std::uint64_t begin_;
  std::uint64_t end_;
  const EmitCopy& emit_;
  /// Destination bytes from the first to the last that the loops [k, n) write.
  std::vector<std::uint64_t> spans_;
};

/// The loops of a copy that step from row to row, in rows, and those inside a row.
struct RowSplit {
  StridedCopy rows;
  StridedCopy columns;
};

RowSplit split_rows(const StridedCopy& copy, std::uint64_t pitch) {
  RowSplit split{{copy.src_offset, copy.dst_offset / pitch, 1, {}}, {0, copy.dst_offset % pitch, copy.run_bytes, {}}};
  for (const CopyDim& dim : copy.dims) {
    if (dim.dst_stride < pitch) {
      split.columns.dims.push_back(dim);
    } else {
      split.rows.dims.push_back({dim.extent, dim.src_stride, dim.dst_stride / pitch});
    }
  }
  return split;
}

}  // namespace

void clip(const StridedCopy& copy, std::uint64_t begin, std::uint64_t end, const EmitCopy& emit) {
  if (copy.empty() || begin >= end) return;
  Clip(copy, begin, end, emit).from(0, copy.src_offset, copy.dst_offset);
}

bool fits_rows(const StridedCopy& copy, std::uint64_t pitch) {
  const bool whole_rows = std::ranges::all_of(
      copy.dims, [pitch](const CopyDim& dim) { return dim.dst_stride < pitch || dim.dst_stride % pitch == 0; });
  return whole_rows && dst_end(split_rows(copy, pitch).columns) <= pitch;
}

void clip(const StridedCopy& copy, const Window& window, const EmitCopy& emit) {
  const RowSplit split = split_rows(copy, window.pitch);
  clip(split.columns, window.column, window.column + window.width, [&](const StridedCopy& columns) {
    clip(split.rows, window.row, window.row + window.rows, [&](const StridedCopy& rows) {
      StridedCopy part{rows.src_offset + columns.src_offset,
                       (rows.dst_offset - window.row) * window.width + (columns.dst_offset - window.column),
                       columns.run_bytes,
                       {}};
      for (const CopyDim& dim : rows.dims) {
        part.dims.push_back({dim.extent, dim.src_stride, dim.dst_stride * window.width});
      }
      part.dims.insert(part.dims.end(), columns.dims.begin(), columns.dims.end());
      emit(part);
    });
  });
}

}  // namespace omap
