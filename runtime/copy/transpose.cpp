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

// Three sizes, from the registers up:
// - a block of 16 bytes by 16 bytes, in the 128-bit parts of registers; with wider registers, several blocks whose rows
//   follow one another, so that each register ends as one longer piece of a destination line;
// - a tile of one cache line by one cache line. Its source lines are first copied to a buffer, whole: where strides are
//   powers of two they fall into the same few sets of a cache, and would evict each other between blocks;
// - a panel of eight destination lines, along which tiles go through the source's columns, while the next tile's lines
//   are prefetched: no prefetcher of a processor follows so many streams.

// Arrays of registers are registers only where the loops over them are unrolled.
#undef OMAP_UNROLL
#define OMAP_UNROLL _Pragma("GCC unroll 16")

HWY_BEFORE_NAMESPACE();
namespace omap {
namespace HWY_NAMESPACE {
namespace {

#if HWY_TARGET != HWY_SCALAR
namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t line_bytes = 64;
/// 128-bit parts of a register, up to a line.
constexpr std::size_t register_blocks = HWY_MAX_BYTES >= line_bytes ? 4 : HWY_MAX_BYTES / 16;
/// Destination lines that a panel is wide.
constexpr std::uint64_t panel_lines = 8;
/// Columns after which a panel ends: their lines in the destination lie on as many pages, which a TLB holds.
constexpr std::uint64_t panel_columns = 2048;

template <std::size_t Blocks>
using Bytes = hn::FixedTag<std::uint8_t, 16 * Blocks>;
template <std::size_t Blocks>
using Register = hn::Vec<Bytes<Blocks>>;

/// Rows at `stride`, 16 bytes of each.
template <std::size_t Blocks>
HWY_INLINE Register<Blocks> load_rows(const std::uint8_t* src, std::size_t stride) {
  if constexpr (Blocks == 1) {
    return hn::LoadU(Bytes<1>(), src);
  } else {
    const Register<Blocks / 2> low = load_rows<Blocks / 2>(src, stride);
    const Register<Blocks / 2> high = load_rows<Blocks / 2>(src + Blocks / 2 * stride, stride);
    return hn::Combine(Bytes<Blocks>(), high, low);
  }
}

/// Transposes each of the blocks in 16 / N registers. Number the elements of a block by the bits of register and place,
/// r..r p..p: interleaving register i with i + half rotates that number by one bit, so that after as many rounds as r
/// has bits the two have changed places.
template <std::size_t N, std::size_t Blocks, std::size_t Round = 1>
HWY_INLINE void transpose_registers(Register<Blocks> (&registers)[16 / N]) {
  if constexpr (Round < 16 / N) {
    constexpr std::size_t half = 16 / N / 2;
    const hn::Repartition<hwy::UnsignedFromSize<N>, Bytes<Blocks>> lanes;
    Register<Blocks> rotated[16 / N];
    OMAP_UNROLL for (std::size_t i = 0; i < half; ++i) {
      const auto a = hn::BitCast(lanes, registers[i]);
      const auto b = hn::BitCast(lanes, registers[i + half]);
      rotated[2 * i] = hn::BitCast(Bytes<Blocks>(), hn::InterleaveLower(lanes, a, b));
      rotated[2 * i + 1] = hn::BitCast(Bytes<Blocks>(), hn::InterleaveUpper(lanes, a, b));
    }
    OMAP_UNROLL for (std::size_t i = 0; i < 16 / N; ++i) registers[i] = rotated[i];
    transpose_registers<N, Blocks, 2 * Round>(registers);
  }
}

/// Blocks * 16 / N rows by 16 / N columns, of which the first `columns` are stored: where `places` says, from `dst` on.
template <std::size_t N, std::size_t Blocks, bool Streaming>
HWY_INLINE void move_blocks(const std::uint8_t* src, std::size_t src_stride, std::uint8_t* dst,
                            const std::uint64_t* places, std::size_t columns) {
  constexpr std::size_t edge = 16 / N;
  Register<Blocks> registers[edge];
  OMAP_UNROLL for (std::size_t i = 0; i < edge; ++i) {
    registers[i] = load_rows<Blocks>(src + i * src_stride, edge * src_stride);
  }
  transpose_registers<N, Blocks>(registers);
  OMAP_UNROLL for (std::size_t i = 0; i < columns; ++i) {
    if constexpr (Streaming) {
      hn::Stream(registers[i], Bytes<Blocks>(), dst + places[i]);
    } else {
      hn::StoreU(registers[i], Bytes<Blocks>(), dst + places[i]);
    }
  }
}

/// A line of each of 64 / N rows.
template <std::size_t N, bool Streaming>
HWY_INLINE void move_tile(const std::uint8_t* src, std::size_t src_stride, std::uint8_t* dst,
                          const std::uint64_t* places, bool prefetch) {
  constexpr std::size_t edge = line_bytes / N;
  constexpr std::size_t step = 16 / N;
  HWY_ALIGN std::uint8_t lines[edge * line_bytes];
  for (std::size_t row = 0; row < edge; ++row) {
    const std::uint8_t* from = src + row * src_stride;
    for (std::size_t at = 0; at < line_bytes; at += 16 * register_blocks) {
      const Bytes<register_blocks> bytes;
      hn::StoreU(hn::LoadU(bytes, from + at), bytes, lines + row * line_bytes + at);
    }
  }
  for (std::size_t column = 0; column < edge; column += step) {
    for (std::size_t row = 0; row < edge; row += step * register_blocks) {
      move_blocks<N, register_blocks, Streaming>(lines + row * line_bytes + column * N, line_bytes, dst + row * N,
                                                 places + column, step);
    }
    // To L2, as the lines would evict each other from L1; a few between the blocks, as they would wait for each other.
    // The last byte of the next tile: what comes before it lies in a line that this tile needs too, or in the same
    // line.
    if (prefetch) {
      for (std::size_t row = column; row < column + step; ++row)
        __builtin_prefetch(src + row * src_stride + 2 * line_bytes - 1, 0, 2);
    }
  }
}

/// Where a tile of `edge` begins that is to begin at `at`: the last one is moved back to end with the matrix, and
/// writes some elements twice.
HWY_INLINE std::uint64_t tile_at(std::uint64_t at, std::uint64_t extent, std::uint64_t edge) {
  return std::min(at, extent - edge);
}

/// Where the columns from `first` on begin in the destination.
template <std::size_t N>
HWY_INLINE void find_places(const Transpose& shape, std::uint64_t first, std::uint64_t (&places)[line_bytes / N]) {
  std::uint64_t group = first / shape.columns, column = first % shape.columns;
  for (std::uint64_t& place : places) {
    place = group * shape.group_stride + column * shape.dst_stride;
    if (++column == shape.columns) ++group, column = 0;
  }
}

/// At least a tile of rows and of columns.
template <std::size_t N, bool Streaming>
void move_tiles(const Transpose& shape, const std::uint8_t* src, std::uint8_t* dst) {
  constexpr std::uint64_t edge = line_bytes / N;
  const std::uint64_t columns = shape.groups * shape.columns;
  for (std::uint64_t begin = 0; begin < columns; begin += panel_columns) {
    const std::uint64_t end = std::min(columns, begin + panel_columns);
    for (std::uint64_t panel = 0; panel < shape.rows; panel += panel_lines * edge) {
      const std::uint64_t panel_end = std::min(shape.rows, panel + panel_lines * edge);
      for (std::uint64_t j = begin; j < end; j += edge) {
        const std::uint64_t first = tile_at(j, columns, edge);
        std::uint64_t places[edge];
        find_places<N>(shape, first, places);
        const bool prefetch = first + 2 * edge <= columns;
        for (std::uint64_t i = panel; i < panel_end; i += edge) {
          const std::uint64_t row = tile_at(i, shape.rows, edge);
          move_tile<N, Streaming>(src + row * shape.src_stride + first * N, shape.src_stride, dst + row * N, places,
                                  prefetch);
        }
      }
    }
  }
}

/// Transposes rows by edge columns into `staged`, whose rows are `staged_bytes` apart. At least a tile of rows.
template <std::size_t N>
HWY_INLINE void stage_tiles(const std::uint8_t* src, std::size_t src_stride, std::uint64_t rows, std::uint8_t* staged,
                            std::size_t staged_bytes, bool prefetch) {
  constexpr std::uint64_t edge = line_bytes / N;
  std::uint64_t places[edge];
  for (std::uint64_t i = 0; i < edge; ++i) places[i] = i * staged_bytes;
  for (std::uint64_t i = 0; i < rows; i += edge) {
    const std::uint64_t row = tile_at(i, rows, edge);
    move_tile<N, false>(src + row * src_stride, src_stride, staged + row * N, places, prefetch);
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
  constexpr std::size_t staged_bytes = (panel_lines + 1) * line_bytes;
  const std::uint64_t columns = shape.groups * shape.columns;
  HWY_ALIGN std::uint8_t staged[edge * staged_bytes];
  for (std::uint64_t begin = 0; begin < columns; begin += panel_columns) {
    const std::uint64_t end = std::min(columns, begin + panel_columns);
    for (std::uint64_t panel = edge; panel < shape.rows; panel += panel_lines * edge) {
      const std::uint64_t staged_row = panel - edge;
      const std::uint64_t panel_end = std::min(shape.rows, panel + panel_lines * edge);
      for (std::uint64_t j = begin; j < end; j += edge) {
        const std::uint64_t first = tile_at(j, columns, edge);
        std::uint64_t places[edge];
        find_places<N>(shape, first, places);
        stage_tiles<N>(src + staged_row * shape.src_stride + first * N, shape.src_stride, panel_end - staged_row,
                       staged, staged_bytes, first + 2 * edge <= columns);
        for (std::uint64_t i = 0; i < edge; ++i) {
          std::uint8_t* const column = dst + places[i];
          const std::uint64_t line_before = line_bytes - 1;
          stream_lines(staged + i * staged_bytes, column + staged_row * N, column + panel * N - line_before,
                       column + panel_end * N - line_before);
        }
      }
    }
  }
  Transpose part = shape;
  part.rows = edge;
  move_tiles<N, false>(part, src, dst);
  const std::uint64_t last = shape.rows - edge;
  move_tiles<N, false>(part, src + last * shape.src_stride, dst + last * N);
}

/// The same for a destination that is written past the caches. Columns that all begin alike in lines need no buffer but
/// at their ends.
template <std::size_t N>
void stream_tiles(const Transpose& shape, const std::uint8_t* src, std::uint8_t* dst) {
  constexpr std::uint64_t edge = line_bytes / N;
  const std::uint64_t lead = (line_bytes - reinterpret_cast<std::uintptr_t>(dst) % line_bytes) % line_bytes;
  const bool whole_lines = shape.dst_stride % line_bytes == 0 && shape.group_stride % line_bytes == 0;
  if (shape.rows < 2 * edge) return move_tiles<N, false>(shape, src, dst);
  if (!whole_lines || lead % N != 0) return stream_shifted_tiles<N>(shape, src, dst);
  const std::uint64_t first = lead / N;
  Transpose part = shape;
  part.rows = edge;
  if (first > 0) move_tiles<N, false>(part, src, dst);
  if ((shape.rows - first) % edge > 0) {
    const std::uint64_t last = shape.rows - edge;
    move_tiles<N, false>(part, src + last * shape.src_stride, dst + last * N);
  }
  part.rows = (shape.rows - first) / edge * edge;
  move_tiles<N, true>(part, src + first * shape.src_stride, dst + lead);
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
    move_tiles<N, false>(shape, src, dst);
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
