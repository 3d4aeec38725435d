#include "runtime/run/slab.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "runtime/copy/clip.h"
#include "runtime/run/source_spans.h"

namespace omap {
namespace {

constexpr std::uint64_t max_slab = 256 << 10;
constexpr std::uint64_t max_large_slab = 16 << 20;
constexpr std::uint64_t max_scratch = 512 << 10;
constexpr std::uint64_t page = 4096;

std::span<const PlacedBox> boxes_of(std::span<const PlacedBox> boxes, const Section& section) {
  return boxes.subspan(section.first, section.last - section.first);
}

std::uint64_t round_down(std::uint64_t n, std::uint64_t unit) { return n < unit ? n : n - n % unit; }

/// What an interval of `bytes` of the destination holds of a copy, give or take where it begins: all of the inner loops
/// that fit, and iterations of the next.
StridedCopy in_interval(const StridedCopy& copy, std::uint64_t bytes) {
  StridedCopy part{0, 0, std::min(copy.run_bytes, bytes), {}};
  if (part.run_bytes < copy.run_bytes) return part;
  for (std::size_t k = copy.dims.size(); k-- > 0;) {
    part.dims.insert(part.dims.begin(), copy.dims[k]);
    if (dst_end(part) <= bytes) continue;
    part.dims.front().extent = std::max<std::uint64_t>(1, bytes / copy.dims[k].dst_stride);
    break;
  }
  return part;
}

bool reads_well_in(const PlacedBox& placed, std::uint64_t bytes) {
  return placed.computed || placed.box->source == BoxCopy::zero || reads_well(in_interval(placed.box->copy, bytes));
}

bool reads_well_in(std::span<const PlacedBox> boxes, std::uint64_t bytes) {
  return std::ranges::all_of(boxes, [bytes](const PlacedBox& box) { return reads_well_in(box, bytes); });
}

/// The loop of a copy along which the source is densest, if it is not the innermost: the destination runs across it.
const CopyDim* crossing_loop(const StridedCopy& copy) {
  const CopyDim* densest = nullptr;
  for (const CopyDim& dim : copy.dims) {
    if (dim.src_stride != 0 && (densest == nullptr || dim.src_stride <= densest->src_stride)) densest = &dim;
  }
  return densest == nullptr || densest == &copy.dims.back() ? nullptr : densest;
}

/// The widest rows that a crossing loop of a badly read box steps by.
CopyDim row_loop(std::span<const PlacedBox> boxes, std::uint64_t slab) {
  CopyDim row{0, 0, 0};
  for (const PlacedBox& placed : boxes) {
    if (reads_well_in(placed, slab)) continue;
    const CopyDim* loop = crossing_loop(placed.box->copy);
    if (loop != nullptr && loop->dst_stride > row.dst_stride) row = *loop;
  }
  return row;
}

/// The most bytes up to `limit` that hold whole iterations of the outermost loop of which one fits: an iteration that
/// is cut is read in shorter spans.
std::uint64_t whole_iterations(std::span<const PlacedBox> boxes, std::uint64_t limit) {
  std::uint64_t stride = 1;
  for (const PlacedBox& placed : boxes) {
    for (const CopyDim& dim : placed.box->copy.dims) {
      if (dim.dst_stride <= limit) stride = std::max(stride, dim.dst_stride);
    }
  }
  return round_down(limit, stride);
}

/// One box that is contiguous in both tensors.
bool is_run(std::span<const PlacedBox> boxes) { return boxes.size() == 1 && boxes.front().box->copy.dims.empty(); }

bool has_rows(const Section& section, std::span<const PlacedBox> boxes, std::uint64_t pitch) {
  return section.bytes() % pitch == 0 && std::ranges::all_of(boxes, [&](const PlacedBox& placed) {
           StridedCopy copy = placed.box->copy;
           copy.dst_offset = placed.begin - section.begin;
           return fits_rows(copy, pitch);
         });
}

}  // namespace

BufferSizes buffer_sizes(const Sections& sections, const RunOptions& options) {
  BufferSizes sizes;
  sizes.threads = std::max(1U, options.threads);
  const std::uint64_t memory = std::max(min_memory_a_thread, options.memory / sizes.threads);
  sizes.scratch = std::min(max_scratch, memory / 2);
  sizes.slab = std::min(max_slab, memory - sizes.scratch);

  std::uint64_t largest = 0;
  for (const Section& section : sections.sections) {
    if (section.bytes() <= std::max(sizes.slab, largest)) continue;
    if (!reads_well_in(boxes_of(sections.boxes, section), sizes.slab)) largest = section.bytes();
  }
  sizes.large_slab = std::min({largest, max_large_slab, memory - sizes.scratch});
  return sizes;
}

std::optional<Slab> SlabCutter::next() {
  if (section_ == sections_.size()) return std::nullopt;
  if (!grid_ && sections_[section_].bytes() <= sizes_.slab) return share();
  return cut();
}

Slab SlabCutter::share() {
  const Section& begin = sections_[section_];
  Slab slab{begin.file, begin.begin, 0, 1, 0, begin.begin, begin.first, begin.last};
  for (; section_ < sections_.size(); ++section_) {
    const Section& section = sections_[section_];
    const bool adjoins = section.file == slab.file && section.begin == slab.offset + slab.width;
    if (!adjoins || slab.width + section.bytes() > sizes_.slab) break;
    slab.width += section.bytes();
    slab.last = section.last;
  }
  return slab;
}

Slab SlabCutter::cut() {
  const Section& section = sections_[section_];
  if (!grid_) {
    grid_ = grid_of(section);
    row_ = column_ = 0;
  }
  const std::uint64_t all_rows = section.bytes() / grid_->pitch;
  const Slab slab{section.file,
                  section.begin + row_ * grid_->pitch + column_,
                  std::min(grid_->width - (column_ == 0 ? grid_->lead : 0), grid_->pitch - column_),
                  std::min(grid_->rows, all_rows - row_),
                  grid_->pitch,
                  section.begin,
                  section.first,
                  section.last};
  // Down the rows first: that walks along the source.
  row_ += slab.rows;
  if (row_ == all_rows) {
    row_ = 0;
    column_ += slab.width;
  }
  if (column_ == grid_->pitch) {
    grid_.reset();
    ++section_;
  }
  return slab;
}

SlabCutter::Grid SlabCutter::grid_of(const Section& section) const {
  const std::span boxes = boxes_of(boxes_, section);
  const auto intervals = [&](std::uint64_t limit) {
    const std::uint64_t width = whole_iterations(boxes, limit);
    return Grid{section.bytes(), 1, width, is_run(boxes) && width % page == 0 ? section.begin % page : 0};
  };
  const std::uint64_t large = std::max(sizes_.slab, sizes_.large_slab);
  if (reads_well_in(boxes, sizes_.slab)) return intervals(sizes_.slab);
  if (section.bytes() <= large) return {section.bytes(), 1, section.bytes(), 0};

  const CopyDim row = row_loop(boxes, sizes_.slab);
  const std::uint64_t pitch = row.dst_stride;
  if (pitch == 0 || reads_well_in(boxes, whole_iterations(boxes, large)) || !has_rows(section, boxes, pitch)) {
    return intervals(large);
  }
  const double square = std::sqrt(static_cast<double>(large) / static_cast<double>(row.src_stride));
  const std::uint64_t rows = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(square), 1, section.bytes() / pitch);
  const std::uint64_t width = std::min(pitch, large / rows);
  return {pitch, rows, round_down(width, width < page ? 64 : page), 0};
}

}  // namespace omap
