#include "runtime/copy/copy_kernel.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/unit/random_copy.h"
#include "tests/unit/simd_target.h"

namespace omap {
namespace {

constexpr std::byte untouched{0xEE};

/// Source bytes that tell their places apart; heap blocks of the exact size, so that a sanitizer sees a byte too far.
std::vector<std::byte> source_for(const StridedCopy& copy) {
  std::vector<std::byte> bytes(src_end(copy));
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>((i * 2654435761U) >> 13);
  return bytes;
}

void check_execute(const StridedCopy& copy) {
  const std::vector<std::byte> src = source_for(copy);
  std::vector<std::byte> dst(dst_end(copy), untouched);
  std::vector<std::byte> wanted = dst;
  std::vector<ByteMove> moves;
  append_moves(copy, moves);
  for (const ByteMove& move : moves) wanted[move.dst] = src[move.src];
  execute(copy, src.data(), dst.data());
  REQUIRE(dst == wanted);
  if (copy.empty()) return;

  KernelChoice past_caches = choose_kernel(copy);
  past_caches.streaming = true;
  std::ranges::fill(dst, untouched);
  execute(past_caches, src.data() + copy.src_offset, dst.data() + copy.dst_offset);
  REQUIRE(dst == wanted);
}

TEST_CASE("execute does what a plain loop does") {
  Draw draw(5);
  for (int i = 0; i < 10000; ++i) {
    StridedCopy copy = random_copy(draw, {});
    CAPTURE(i);
    check_execute(copy);
    normalize(copy);
    check_execute(copy);
  }
}

/// Loops of few and of many iterations, whose source strides stand in any order, some repeating, with gaps.
StridedCopy large_random_copy(Draw& draw) {
  constexpr std::uint64_t runs[] = {1, 2, 4, 8, 16, 3, 6, 12, 24, 64};
  StridedCopy copy{draw.from(0, 70), draw.from(0, 70), runs[draw.from(0, 9)], {}};
  copy.dims.resize(draw.from(1, 6));
  std::uint64_t budget = 20000;
  for (CopyDim& dim : copy.dims) {
    dim.extent = draw.once_in(2) ? draw.from(1, 4) : draw.from(1, std::min<std::uint64_t>(150, budget));
    budget = std::max<std::uint64_t>(1, budget / dim.extent);
  }
  const auto nest = [&](std::uint64_t CopyDim::*stride) {
    std::uint64_t span = copy.run_bytes;
    for (CopyDim& dim : copy.dims) {
      dim.*stride = span + (draw.once_in(4) ? draw.from(1, 5) : 0);
      span = dim.extent * dim.*stride;
    }
  };
  nest(&CopyDim::dst_stride);
  draw.shuffle(copy.dims);
  nest(&CopyDim::src_stride);
  if (draw.once_in(4)) copy.dims[draw.from(0, copy.dims.size() - 1)].src_stride = 0;
  return copy;
}

TEST_CASE("execute does what a plain loop does, with every instruction set and through every kernel") {
  for_each_simd_target([] {
    Draw draw(6);
    for (int i = 0; i < 400; ++i) {
      CAPTURE(i);
      check_execute(large_random_copy(draw));
    }
  });
}

TEST_CASE("transposes of many tiles, whose columns begin anywhere in cache lines") {
  for_each_simd_target([] {
    Draw draw(8);
    for (const std::uint64_t size : {1U, 2U, 4U, 8U, 16U}) {
      for (int i = 0; i < 4; ++i) {
        CAPTURE(size);
        CAPTURE(i);
        const std::uint64_t rows = draw.from(128, 700), columns = draw.from(64, draw.once_in(2) ? 200 : 2200);
        const std::uint64_t column_bytes = rows * size + draw.from(0, 70);
        const std::uint64_t row_bytes = columns * size + draw.from(0, 70);
        check_execute(
            {draw.from(0, 64), draw.from(0, 64), size, {{columns, size, column_bytes}, {rows, row_bytes, size}}});
      }
    }
  });
}

TEST_CASE("a source stride of 0 repeats") {
  check_execute({0, 0, 2, {{50, 0, 200}, {100, 2, 2}}});
  check_execute({0, 0, 2, {{50, 2, 200}, {100, 0, 2}}});
  check_execute({0, 0, 2, {{5, 0, 2000}, {10, 2, 200}, {100, 20, 2}}});
  check_execute({3, 0, 4, {{100, 0, 4}}});
}

TEST_CASE("fill_zero writes zero where the copy writes, and nowhere else") {
  Draw draw(7);
  for (int i = 0; i < 3000; ++i) {
    const StridedCopy copy = random_copy(draw, {});
    std::vector<std::byte> dst(dst_end(copy), untouched);
    std::vector<std::byte> wanted = dst;
    for (const ByteMove& move : moves_of(copy)) wanted[move.dst] = std::byte{0};
    fill_zero(copy, dst.data());
    CAPTURE(i);
    REQUIRE(dst == wanted);
  }
}

}  // namespace
}  // namespace omap
