#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "runtime/run/run.h"
#include "runtime/run/sections.h"

namespace omap {

/// What a thread's buffers have at least, however small `RunOptions::memory` is.
inline constexpr std::uint64_t min_memory_a_thread = 1 << 20;

/// The buffers of a run. Each thread has one for a slab of output, and one for source bytes on their way into it.
struct BufferSizes {
  unsigned threads = 1;
  /// Slabs of what can be read in long spans; they fit a core's L2 cache, so that what was read is written from there.
  std::uint64_t slab = 0;
  /// Slabs of what cannot, such as transposed tensors: the larger, the longer the spans. 0 where nothing needs them.
  std::uint64_t large_slab = 0;
  std::uint64_t scratch = 0;

  [[nodiscard]] std::uint64_t slab_buffer() const { return slab < large_slab ? large_slab : slab; }
  [[nodiscard]] std::uint64_t total() const { return threads * (slab_buffer() + scratch); }
};

[[nodiscard]] BufferSizes buffer_sizes(const Sections& sections, const RunOptions& options);

/// A part of an output file that is filled in memory and then written: `rows` pieces of `width` bytes, `pitch` apart,
/// the first at `offset`. Boxes [first, last) of the Sections write it.
struct Slab {
  std::uint32_t file = 0;
  std::uint64_t offset = 0;
  std::uint64_t width = 0;
  std::uint64_t rows = 1;
  std::uint64_t pitch = 0;
  /// Where rows of `pitch` bytes are counted from, if there is more than one; in the same section.
  std::uint64_t origin = 0;
  std::size_t first = 0;
  std::size_t last = 0;

  [[nodiscard]] std::uint64_t bytes() const { return rows * width; }
};

/// Cuts sections into slabs, one after another, in their order.
///
/// Consecutive sections share a slab as long as they fit. A larger one is cut into intervals, of whole iterations of
/// its loops as far as that goes, if those read well. If not, its source runs across the destination: some loop t, not
/// the innermost, has the smallest source stride, and an interval of m iterations of t reads spans of m src_stride_t
/// bytes. Then the interval is as large as the memory allows; and where even that is short, the section is cut into
/// windows: of m iterations of t, `width` bytes each, with m src_stride_t = width as nearly as may be, so that reads
/// and writes are equally long, each byte is read once, and the length does not depend on the tensor's size.
class SlabCutter {
 public:
  /// `sections` are some of `all`, adjoining ones, and are referred to.
  SlabCutter(const Sections& all, std::span<const Section> sections, const BufferSizes& sizes)
      : boxes_(all.boxes), sections_(sections), sizes_(sizes) {}

  [[nodiscard]] std::optional<Slab> next();

 private:
  /// How the section that `section_` points at is cut: pieces of `rows` rows and `width` columns.
  struct Grid {
    std::uint64_t pitch = 0;
    std::uint64_t rows = 1;
    std::uint64_t width = 0;
    /// Bytes that the first columns are narrower by: the others begin on pages of the file, which are then written
    /// whole.
    std::uint64_t lead = 0;
  };

  [[nodiscard]] Slab share();
  [[nodiscard]] Slab cut();
  [[nodiscard]] Grid grid_of(const Section& section) const;

  std::span<const PlacedBox> boxes_;
  std::span<const Section> sections_;
  BufferSizes sizes_;
  std::size_t section_ = 0;
  /// Of the section that is being cut.
  std::optional<Grid> grid_;
  std::uint64_t row_ = 0;
  std::uint64_t column_ = 0;
};

}  // namespace omap
