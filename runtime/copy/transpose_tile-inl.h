// Blocks and tiles of `transpose`. Included once for each instruction set, as Highway has it.
#if defined(OMAP_RUNTIME_COPY_TRANSPOSE_TILE_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef OMAP_RUNTIME_COPY_TRANSPOSE_TILE_INL_H
#undef OMAP_RUNTIME_COPY_TRANSPOSE_TILE_INL_H
#else
#define OMAP_RUNTIME_COPY_TRANSPOSE_TILE_INL_H
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>

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

/// A line of each of 64 / N rows. Others are asked for between the blocks: together they would wait for each other.
template <std::size_t N, bool Streaming, class Ahead>
HWY_INLINE void move_tile(const std::uint8_t* src, std::size_t src_stride, std::uint8_t* dst,
                          const std::uint64_t* places, Ahead& ahead) {
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
    ahead.ask(step);
  }
}
#endif  // HWY_TARGET != HWY_SCALAR

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace omap
HWY_AFTER_NAMESPACE();

#endif  // per target
