#include "runtime/copy/transpose.h"

#include <doctest/doctest.h>

#include <vector>

#include "runtime/copy/element_loops.h"
#include "tests/unit/random_copy.h"
#include "tests/unit/simd_target.h"

namespace omap {
namespace {

constexpr std::byte untouched{0xEE};

/// `lead` bytes before the first element of either side; heap blocks of the exact size, so that a sanitizer sees a byte
/// too far.
void check_transpose(const Transpose& shape, std::uint64_t lead, bool streaming) {
  const std::uint64_t size = shape.element_bytes;
  std::vector<std::byte> src(lead + (shape.rows - 1) * shape.src_stride + shape.groups * shape.columns * size);
  for (std::size_t i = 0; i < src.size(); ++i) src[i] = static_cast<std::byte>((i * 2654435761U) >> 13U);
  const std::uint64_t last = (shape.groups - 1) * shape.group_stride + (shape.columns - 1) * shape.dst_stride;
  std::vector<std::byte> made(lead + last + shape.rows * size, untouched);
  std::vector<std::byte> wanted = made;
  for (std::uint64_t group = 0; group < shape.groups; ++group) {
    copy_in_order(size, {shape.rows, shape.src_stride, size}, {shape.columns, size, shape.dst_stride},
                  &src[lead + group * shape.columns * size], &wanted[lead + group * shape.group_stride]);
  }
  transpose(shape, streaming, &src[lead], &made[lead]);
  CAPTURE(shape.element_bytes);
  CAPTURE(shape.rows);
  CAPTURE(shape.columns);
  CAPTURE(shape.groups);
  CAPTURE(streaming);
  REQUIRE(made == wanted);
}

constexpr std::uint64_t sizes[] = {1, 2, 4, 8, 16};

TEST_CASE("transpose handles every number of rows and columns") {
  for_each_simd_target([] {
    for (const std::uint64_t size : sizes) {
      const std::uint64_t least = least_rows(size), line = 64 / size;
      for (const std::uint64_t rows : {least, least + 1, 2 * least - 1, line - 1, line, line + 1, 5 * line + 3}) {
        if (rows < least) continue;
        for (std::uint64_t columns = 1; columns <= 2 * line + 1; ++columns) {
          check_transpose({size, rows, columns, columns * size, rows * size}, 0, false);
        }
      }
    }
  });
}

TEST_CASE("transpose handles every alignment, gaps, and streaming") {
  for_each_simd_target([] {
    Draw draw(11);
    for (int i = 0; i < 300; ++i) {
      const std::uint64_t size = sizes[draw.from(0, 4)], line = 64 / size;
      const std::uint64_t rows = draw.from(least_rows(size), 6 * line), columns = draw.from(1, 3 * line);
      // Often rows of whole lines, which is what streams.
      const std::uint64_t whole = (rows * size + 63) / 64 * 64;
      const std::uint64_t dst_stride = draw.once_in(2) ? whole : rows * size + draw.from(0, 9);
      const std::uint64_t lead = draw.once_in(2) ? draw.from(0, 9) * size : draw.from(0, 70);
      check_transpose({size, rows, columns, columns * size + draw.from(0, 9), dst_stride}, lead, draw.once_in(2));
    }
  });
}

TEST_CASE("groups of columns go where their stride says") {
  for_each_simd_target([] {
    for (const std::uint64_t size : sizes) {
      for (const std::uint64_t columns : {1U, 2U, 3U, 7U, 40U}) {
        const std::uint64_t groups = tile_edge(size) / columns + 3, rows = 2 * tile_edge(size) + 1;
        const std::uint64_t pitch = (rows * size + 63) / 64 * 64;
        // Groups behind one another, and columns between groups.
        check_transpose({size, rows, columns, groups * columns * size, pitch, groups, columns * pitch}, 0, true);
        check_transpose({size, rows, columns, groups * columns * size, groups * pitch, groups, pitch}, 5, false);
      }
    }
  });
}

TEST_CASE("transpose goes on behind a panel of columns") {
  for_each_simd_target([] { check_transpose({2, 160, 2048 + 40, (2048 + 40) * 2, 320}, 0, true); });
}

}  // namespace
}  // namespace omap
