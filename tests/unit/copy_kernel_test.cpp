#include "runtime/copy/copy_kernel.h"

#include <doctest/doctest.h>

#include "tests/unit/random_copy.h"

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

TEST_CASE("execute goes through whole and partial tiles") {
  Draw draw(6);
  for (const std::uint64_t run : {1U, 2U, 4U, 6U, 8U, 16U, 32U}) {
    for (int i = 0; i < 20; ++i) {
      const std::uint64_t rows = draw.from(1, draw.once_in(4) ? 9 : 300);
      const std::uint64_t columns = draw.from(1, draw.once_in(4) ? 9 : 300);
      const std::uint64_t planes = draw.from(1, 2);
      const std::uint64_t src_gap = draw.once_in(2) ? draw.from(1, 9) : 0;
      const std::uint64_t dst_gap = draw.once_in(2) ? draw.from(1, 9) : 0;
      const std::uint64_t src_row = rows * (run + src_gap) + draw.from(0, 3);
      const std::uint64_t dst_row = columns * (run + dst_gap) + draw.from(0, 3);
      StridedCopy copy{draw.from(0, 3), draw.from(0, 3), run, {}};
      copy.dims = {{rows, run + src_gap, dst_row * planes},
                   {planes, src_row * columns, dst_row},
                   {columns, src_row, run + dst_gap}};
      CAPTURE(run);
      CAPTURE(i);
      check_execute(copy);
    }
  }
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
