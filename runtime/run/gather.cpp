#include "runtime/run/gather.h"

#include <algorithm>

#include "runtime/copy/copy_kernel.h"
#include "runtime/run/source_spans.h"

namespace omap {
namespace {

/// Runs from here on are read into their places: a second move would cost more than a read.
constexpr std::uint64_t direct_run = 32 << 10;

bool repeats(const StridedCopy& copy) {
  return std::ranges::any_of(copy.dims, [](const CopyDim& dim) { return dim.src_stride == 0; });
}

/// What iterations [begin, end) of one loop move.
StridedCopy iterations(const StridedCopy& copy, std::size_t loop, std::uint64_t begin, std::uint64_t end) {
  StridedCopy part = copy;
  CopyDim& dim = part.dims[loop];
  part.src_offset += begin * dim.src_stride;
  part.dst_offset += begin * dim.dst_stride;
  dim.extent = end - begin;
  if (dim.extent == 1) part.dims.erase(part.dims.begin() + static_cast<std::ptrdiff_t>(loop));
  return part;
}

/// Moves copies that share a source and a destination buffer.
class Gather {
 public:
  Gather(const ReadSource& read, std::byte* dst, std::span<std::byte> scratch)
      : read_(read), dst_(dst), scratch_(scratch) {}

  Result<void> move(const StridedCopy& copy) const {
    if (copy.dims.empty() || (copy.run_bytes >= direct_run && !repeats(copy))) {
      return read_runs(copy, 0, copy.src_offset, copy.dst_offset);
    }
    const SourceSpans spans = source_spans(copy);
    if (spans.span > scratch_.size()) return split_span(copy, spans);
    const std::uint64_t fitting = scratch_.size() / spans.span;
    if (spans.count > fitting) {
      const std::uint64_t inner = spans.count / copy.dims[spans.loops.front()].extent;
      return split_loop(copy, spans.loops.front(), fitting / inner);
    }
    return move_packed(copy, spans);
  }

 private:
  Result<void> read_runs(const StridedCopy& copy, std::size_t k, std::uint64_t src, std::uint64_t dst) const {
    if (k == copy.dims.size()) return read_(src, {dst_ + dst, copy.run_bytes});
    const CopyDim& dim = copy.dims[k];
    for (std::uint64_t i = 0; i < dim.extent; ++i) {
      if (auto done = read_runs(copy, k + 1, src + i * dim.src_stride, dst + i * dim.dst_stride); !done) return done;
    }
    return {};
  }

  /// A span that is larger than the scratch is cut at its outermost loop, or inside the run where there is none.
  Result<void> split_span(const StridedCopy& copy, const SourceSpans& spans) const {
    if (spans.outside == spans.loops.size()) return split_run(copy);
    const std::size_t loop = spans.loops[spans.outside];
    const CopyDim& dim = copy.dims[loop];
    const std::uint64_t inner = spans.span - (dim.extent - 1) * dim.src_stride;
    return split_loop(copy, loop, inner > scratch_.size() ? 1 : (scratch_.size() - inner) / dim.src_stride + 1);
  }

  Result<void> split_loop(const StridedCopy& copy, std::size_t loop, std::uint64_t step) const {
    step = std::max<std::uint64_t>(step, 1);
    const std::uint64_t extent = copy.dims[loop].extent;
    for (std::uint64_t i = 0; i < extent; i += step) {
      if (auto done = move(iterations(copy, loop, i, std::min(extent, i + step))); !done) return done;
    }
    return {};
  }

  Result<void> split_run(const StridedCopy& copy) const {
    for (std::uint64_t at = 0; at < copy.run_bytes; at += scratch_.size()) {
      StridedCopy part = copy;
      part.src_offset += at;
      part.dst_offset += at;
      part.run_bytes = std::min<std::uint64_t>(scratch_.size(), copy.run_bytes - at);
      if (auto done = move(part); !done) return done;
    }
    return {};
  }

  /// Reads the spans one behind another, and moves them from there: the outside loops step by whole spans now.
  Result<void> move_packed(const StridedCopy& copy, const SourceSpans& spans) const {
    std::uint64_t filled = 0;
    if (auto done = read_spans(copy, spans, 0, copy.src_offset, filled); !done) return done;
    StridedCopy packed = copy;
    packed.src_offset = 0;
    std::uint64_t stride = spans.span;
    for (std::size_t k = spans.outside; k-- > 0;) {
      CopyDim& dim = packed.dims[spans.loops[k]];
      dim.src_stride = stride;
      stride *= dim.extent;
    }
    execute(packed, scratch_.data(), dst_);
    return {};
  }

  Result<void> read_spans(const StridedCopy& copy, const SourceSpans& spans, std::size_t k, std::uint64_t src,
                          std::uint64_t& filled) const {
    if (k == spans.outside) {
      filled += spans.span;
      return read_(src, scratch_.subspan(filled - spans.span, spans.span));
    }
    const CopyDim& dim = copy.dims[spans.loops[k]];
    for (std::uint64_t i = 0; i < dim.extent; ++i) {
      if (auto done = read_spans(copy, spans, k + 1, src + i * dim.src_stride, filled); !done) return done;
    }
    return {};
  }

  const ReadSource& read_;
  std::byte* dst_;
  std::span<std::byte> scratch_;
};

}  // namespace

Result<void> gather(const StridedCopy& copy, const ReadSource& read, std::byte* dst, std::span<std::byte> scratch) {
  if (copy.empty()) return {};
  return Gather(read, dst, scratch).move(copy);
}

}  // namespace omap
