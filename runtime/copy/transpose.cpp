#include "runtime/copy/transpose.h"

#include <algorithm>
#include <cstring>

#include "runtime/copy/element_loops.h"
#include "runtime/copy/simd_targets.h"
#include "runtime/copy/stream_bytes.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/copy/transpose.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "runtime/copy/transpose_tile-inl.h"

// Three sizes, from the registers up:
// - a block of 16 bytes by 16 bytes, in the 128-bit parts of registers; with wider registers, several blocks whose rows
//   follow one another, so that each register ends as one longer piece of a destination line;
// - a tile of one cache line by one cache line. Its source lines are first copied to a buffer, whole: where strides are
//   powers of two they fall into the same few sets of a cache, and would evict each other between blocks;
// - a panel, along which tiles go through the source's columns while source lines are asked for ahead, as no prefetcher
//   of a processor follows so many streams. How wide it is depends on where the lines go.

HWY_BEFORE_NAMESPACE();
namespace omap {
namespace HWY_NAMESPACE {
namespace {

#if HWY_TARGET != HWY_SCALAR
/// How many destination lines a panel is wide, and what is asked for meanwhile.
enum class Panels {
  wide,    ///< eight, for stores past the caches, which want neighbouring lines soon, and within caches; the next tile
  narrow,  ///< one, so that memory is read in the order in which it lies; the next panel, row by row
};
constexpr std::uint64_t panel_lines(Panels panels) { return panels == Panels::wide ? 8 : 1; }
/// Matrices from here on are more than L2 holds beside what is written.
constexpr std::uint64_t least_narrow = 512 << 10;
/// Rows of a panel that are shorter are not asked for: it would be left before they are there.
constexpr std::uint64_t least_asked_row = 4 * line_bytes;
/// Columns after which a panel ends: their lines in the destination lie on as many pages, which a TLB holds, and those
/// of two panels of a line in the source are 256 KiB, which L2 holds.
constexpr std::uint64_t panel_columns = 2048;

/// The tile that follows one at `src` in its rows, as lines to ask for.
struct NextTile {
  const std::uint8_t* src = nullptr;
  std::size_t stride = 0;
  bool exists = false;

  /// To L2, as the lines would evict each other from L1. Their last bytes: what comes before lies in a line that the
  /// tile at `src` needs too, or in the same line.
  HWY_INLINE void ask(std::size_t lines) {
    if (!exists) return;
    for (; lines > 0; --lines, src += stride) __builtin_prefetch(src + 2 * line_bytes - 1, 0, 2);
  }
};

/// The panel behind one, as lines to ask for: those of `rows` rows of `row_bytes`, `stride` apart.
struct NextPanel {
  const std::uint8_t* row = nullptr;
  std::size_t stride = 0;
  std::size_t row_bytes = 0;
  std::size_t rows = 0;
  /// Of the row that is asked for.
  std::size_t at = 0;

  HWY_INLINE void ask(std::size_t lines) {
    if (rows == 0) return;
    for (; lines > 0; --lines, at += line_bytes) __builtin_prefetch(row + at, 0, 2);
    if (at < row_bytes) return;
    at = 0;
    row += stride;
    --rows;
  }
};

/// Where a tile of `edge` begins that is to begin at `at`: the last one is moved back to end with the matrix, and
/// writes some elements twice.
HWY_INLINE std::uint64_t tile_at(std::uint64_t at, std::uint64_t extent, std::uint64_t edge) {
  return std::min(at, extent - edge);
}

/// Where the columns of a tile begin in the destination, from `base` on.
template <std::size_t N>
class ColumnPlaces {
 public:
  HWY_INLINE explicit ColumnPlaces(const Transpose& shape) : shape_(shape) { find(0); }

  HWY_INLINE void move_to(std::uint64_t first) {
    if (shape_.groups > 1) {
      find(first);
    } else {
      base_ = first * shape_.dst_stride;
    }
  }
  [[nodiscard]] HWY_INLINE std::uint64_t base() const { return base_; }
  [[nodiscard]] HWY_INLINE const std::uint64_t* from_base() const { return places_; }

 private:
  HWY_INLINE void find(std::uint64_t first) {
    std::uint64_t group = first / shape_.columns, column = first % shape_.columns;
    for (std::uint64_t& place : places_) {
      place = group * shape_.group_stride + column * shape_.dst_stride;
      if (++column == shape_.columns && shape_.groups > 1) ++group, column = 0;
    }
  }

  const Transpose& shape_;
  std::uint64_t base_ = 0;
  std::uint64_t places_[line_bytes / N];
};

/// Rows and columns of the source.
struct Panel {
  std::uint64_t row = 0, row_end = 0;
  std::uint64_t column = 0, column_end = 0;
};

template <std::size_t N>
HWY_INLINE Panel panel_at(const Transpose& shape, Panels panels, std::uint64_t row, std::uint64_t column) {
  return {row, std::min(shape.rows, row + panel_lines(panels) * line_bytes / N), column,
          std::min(shape.groups * shape.columns, column + panel_columns)};
}

/// One of no columns behind the last.
template <std::size_t N>
HWY_INLINE Panel panel_after(const Transpose& shape, Panels panels, const Panel& panel) {
  return panel.row_end < shape.rows ? panel_at<N>(shape, panels, panel.row_end, panel.column)
                                    : panel_at<N>(shape, panels, 0, panel.column_end);
}

template <std::size_t N>
HWY_INLINE NextPanel lines_of(const Transpose& shape, const Panel& panel, const std::uint8_t* src) {
  const std::uint64_t row_bytes = (panel.column_end - panel.column) * N;
  return {src + panel.row * shape.src_stride + panel.column * N, shape.src_stride, row_bytes,
          row_bytes < least_asked_row ? 0 : panel.row_end - panel.row, 0};
}

template <std::size_t N, bool Streaming, Panels Width>
HWY_INLINE void move_panel(const Transpose& shape, const Panel& panel, const std::uint8_t* src, std::uint8_t* dst,
                           ColumnPlaces<N>& places, NextPanel next_panel) {
  constexpr std::uint64_t edge = line_bytes / N;
  const std::uint64_t columns = shape.groups * shape.columns;
  for (std::uint64_t j = panel.column; j < panel.column_end; j += edge) {
    const std::uint64_t first = tile_at(j, columns, edge);
    places.move_to(first);
    std::uint8_t* const to = dst + places.base();
    for (std::uint64_t i = panel.row; i < panel.row_end; i += edge) {
      const std::uint64_t row = tile_at(i, shape.rows, edge);
      const std::uint8_t* tile = src + row * shape.src_stride + first * N;
      if constexpr (Width == Panels::wide) {
        NextTile next{tile, shape.src_stride, first + 2 * edge <= columns};
        move_tile<N, Streaming>(tile, shape.src_stride, to + row * N, places.from_base(), next);
      } else {
        move_tile<N, Streaming>(tile, shape.src_stride, to + row * N, places.from_base(), next_panel);
      }
    }
  }
}

/// At least a tile of rows and of columns.
template <std::size_t N, bool Streaming, Panels Width>
void move_tiles(const Transpose& shape, const std::uint8_t* src, std::uint8_t* dst) {
  Panel panel = panel_at<N>(shape, Width, 0, 0);
  if constexpr (Width == Panels::narrow) {
    for (NextPanel first = lines_of<N>(shape, panel, src); first.rows > 0;) first.ask(line_bytes / N);
  }
  ColumnPlaces<N> places(shape);
  while (panel.column < panel.column_end) {
    const Panel next = panel_after<N>(shape, Width, panel);
    move_panel<N, Streaming, Width>(shape, panel, src, dst, places, lines_of<N>(shape, next, src));
    panel = next;
  }
}

/// The same for a destination that the caches may keep.
template <std::size_t N>
void store_tiles(const Transpose& shape, const std::uint8_t* src, std::uint8_t* dst) {
  if (shape.rows * shape.groups * shape.columns * N < least_narrow) {
    move_tiles<N, false, Panels::wide>(shape, src, dst);
  } else {
    move_tiles<N, false, Panels::narrow>(shape, src, dst);
  }
}

/// Transposes rows by edge columns into `staged`, whose rows are `staged_bytes` apart. At least a tile of rows.
template <std::size_t N>
HWY_INLINE void stage_tiles(const std::uint8_t* src, std::size_t src_stride, std::uint64_t rows, std::uint8_t* staged,
                            std::size_t staged_bytes, bool asks_ahead) {
  constexpr std::uint64_t edge = line_bytes / N;
  std::uint64_t places[edge];
  for (std::uint64_t i = 0; i < edge; ++i) places[i] = i * staged_bytes;
  for (std::uint64_t i = 0; i < rows; i += edge) {
    const std::uint64_t row = tile_at(i, rows, edge);
    const std::uint8_t* tile = src + row * src_stride;
    NextTile next{tile, src_stride, asks_ahead};
    move_tile<N, false>(tile, src_stride, staged + row * N, places, next);
  }
}

/// The aligned lines that begin in [begin, end), from bytes that lie at `staged` and belong at `place`.
HWY_INLINE void stream_lines(const std::uint8_t* staged, std::uint8_t* place, std::uint8_t* begin, std::uint8_t* end) {
  const auto misfit = [](const std::uint8_t* at) { return reinterpret_cast<std::uintptr_t>(at) % line_bytes; };
  begin += (line_bytes - misfit(begin)) % line_bytes;
  for (std::uint8_t* line = begin; line < end; line += line_bytes) {
    for (std::size_t at = 0; at < line_bytes; at += 16 * register_blocks) {
      const Bytes<register_blocks> bytes;
      hn::Stream(hn::LoadU(bytes, staged + (line - place) + at), bytes, line + at);
    }
  }
}

/// Past the caches only whole aligned lines can be written. Where columns of the destination begin anywhere in lines,
/// each panel is transposed to a buffer, with the tile before it once more: so all lines that end in the panel are
/// there as a whole. The first and the last tile are written as usual, for the parts of lines at the ends of columns.
/// At least two tiles of rows and a tile of columns.
template <std::size_t N>
void stream_shifted_tiles(const Transpose& shape, const std::uint8_t* src, std::uint8_t* dst) {
  constexpr std::uint64_t edge = line_bytes / N;
  constexpr std::size_t staged_bytes = (panel_lines(Panels::wide) + 1) * line_bytes;
  const std::uint64_t columns = shape.groups * shape.columns;
  HWY_ALIGN std::uint8_t staged[edge * staged_bytes];
  ColumnPlaces<N> places(shape);
  for (std::uint64_t begin = 0; begin < columns; begin += panel_columns) {
    const std::uint64_t end = std::min(columns, begin + panel_columns);
    for (std::uint64_t panel = edge; panel < shape.rows; panel += panel_lines(Panels::wide) * edge) {
      const std::uint64_t staged_row = panel - edge;
      const std::uint64_t panel_end = std::min(shape.rows, panel + panel_lines(Panels::wide) * edge);
      for (std::uint64_t j = begin; j < end; j += edge) {
        const std::uint64_t first = tile_at(j, columns, edge);
        places.move_to(first);
        stage_tiles<N>(src + staged_row * shape.src_stride + first * N, shape.src_stride, panel_end - staged_row,
                       staged, staged_bytes, first + 2 * edge <= columns);
        for (std::uint64_t i = 0; i < edge; ++i) {
          std::uint8_t* const column = dst + places.base() + places.from_base()[i];
          const std::uint64_t line_before = line_bytes - 1;
          stream_lines(staged + i * staged_bytes, column + staged_row * N, column + panel * N - line_before,
                       column + panel_end * N - line_before);
        }
      }
    }
  }
  Transpose part = shape;
  part.rows = edge;
  store_tiles<N>(part, src, dst);
  const std::uint64_t last = shape.rows - edge;
  store_tiles<N>(part, src + last * shape.src_stride, dst + last * N);
}

/// The same for a destination that is written past the caches. Columns that all begin alike in lines need no buffer but
/// at their ends.
template <std::size_t N>
void stream_tiles(const Transpose& shape, const std::uint8_t* src, std::uint8_t* dst) {
  constexpr std::uint64_t edge = line_bytes / N;
  const std::uint64_t lead = (line_bytes - reinterpret_cast<std::uintptr_t>(dst) % line_bytes) % line_bytes;
  const bool whole_lines = shape.dst_stride % line_bytes == 0 && shape.group_stride % line_bytes == 0;
  if (shape.rows < 2 * edge) return store_tiles<N>(shape, src, dst);
  if (!whole_lines || lead % N != 0) return stream_shifted_tiles<N>(shape, src, dst);
  const std::uint64_t first = lead / N;
  Transpose part = shape;
  part.rows = edge;
  if (first > 0) store_tiles<N>(part, src, dst);
  if ((shape.rows - first) % edge > 0) {
    const std::uint64_t last = shape.rows - edge;
    store_tiles<N>(part, src + last * shape.src_stride, dst + last * N);
  }
  part.rows = (shape.rows - first) / edge * edge;
  move_tiles<N, true, Panels::wide>(part, src + first * shape.src_stride, dst + lead);
}

/// Blocks of few columns or few rows, in one group, without a buffer. At least Blocks * 16 / N rows.
template <std::size_t N, std::size_t Blocks>
void move_edge_blocks(const Transpose& shape, const std::uint8_t* src, std::uint8_t* dst) {
  constexpr std::uint64_t edge = 16 / N;
  constexpr std::uint64_t rows = Blocks * edge;
  const std::uint64_t kept = std::min(edge, shape.columns);
  const std::uint64_t end = (shape.rows - 1) * shape.src_stride + shape.columns * N;
  std::uint64_t places[edge];
  for (std::uint64_t i = 0; i < edge; ++i) places[i] = i * shape.dst_stride;
  HWY_ALIGN std::uint8_t padded[rows * 16] = {};
  for (std::uint64_t i = 0; i < shape.rows; i += rows) {
    const std::uint64_t row = tile_at(i, shape.rows, rows);
    for (std::uint64_t j = 0; j < shape.columns; j += edge) {
      const std::uint64_t column = tile_at(j, shape.columns, kept);
      const std::uint8_t* from = src + row * shape.src_stride + column * N;
      std::uint64_t stride = shape.src_stride;
      // What is read behind few columns is dropped, but lies behind the end of the source in the last rows.
      if (kept < edge && (row + rows - 1) * shape.src_stride + 16 > end) {
        for (std::uint64_t r = 0; r < rows; ++r) std::memcpy(padded + r * 16, from + r * stride, kept * N);
        from = padded;
        stride = 16;
      }
      move_blocks<N, Blocks, false>(from, stride, dst + column * shape.dst_stride + row * N, places, kept);
    }
  }
}

template <std::size_t N>
void transpose_elements(const Transpose& shape, bool streaming, const std::uint8_t* src, std::uint8_t* dst) {
  constexpr std::uint64_t edge = line_bytes / N;
  if (shape.rows < register_blocks * 16 / N) {
    move_edge_blocks<N, 1>(shape, src, dst);
  } else if (shape.rows < edge || shape.groups * shape.columns < edge) {
    move_edge_blocks<N, register_blocks>(shape, src, dst);
  } else if (streaming) {
    stream_tiles<N>(shape, src, dst);
  } else {
    store_tiles<N>(shape, src, dst);
  }
}
#endif  // HWY_TARGET != HWY_SCALAR

void transpose_here(const Transpose& shape, [[maybe_unused]] bool streaming, const std::byte* src, std::byte* dst) {
#if HWY_TARGET == HWY_SCALAR
  const std::uint64_t size = shape.element_bytes;
  for (std::uint64_t group = 0; group < shape.groups; ++group) {
    copy_in_tiles(size, {shape.columns, size, shape.dst_stride}, {shape.rows, shape.src_stride, size},
                  src + group * shape.columns * size, dst + group * shape.group_stride);
  }
#else
  const auto* const from = reinterpret_cast<const std::uint8_t*>(src);
  auto* const to = reinterpret_cast<std::uint8_t*>(dst);
  switch (shape.element_bytes) {
    case 1:
      return transpose_elements<1>(shape, streaming, from, to);
    case 2:
      return transpose_elements<2>(shape, streaming, from, to);
    case 4:
      return transpose_elements<4>(shape, streaming, from, to);
    case 8:
      return transpose_elements<8>(shape, streaming, from, to);
    default:
      return transpose_elements<16>(shape, streaming, from, to);
  }
#endif
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace omap
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace omap {

HWY_EXPORT(transpose_here);

void transpose(const Transpose& shape, bool streaming, const std::byte* src, std::byte* dst) {
  HWY_DYNAMIC_DISPATCH(transpose_here)(shape, streaming, src, dst);
  if (streaming) end_stream();
}

}  // namespace omap
#endif
