#include "runtime/copy/clip.h"

#include <doctest/doctest.h>

#include "tests/unit/random_copy.h"

namespace omap {
namespace {

/// 0 = cuts[0] < cuts[1] < ... < end.
std::vector<std::uint64_t> random_cuts(Draw& draw, std::uint64_t end) {
  std::vector<std::uint64_t> cuts{0};
  while (cuts.back() < end) cuts.push_back(std::min(end, cuts.back() + draw.from(1, draw.once_in(2) ? 10 : end)));
  return cuts;
}

TEST_CASE("the clips of a partition move each byte once") {
  Draw draw(3);
  std::size_t cut_parts = 0;
  for (int i = 0; i < 10000; ++i) {
    StridedCopy copy = random_copy(draw, {});
    normalize(copy);
    std::vector<ByteMove> moves;
    const std::vector<std::uint64_t> cuts = random_cuts(draw, dst_end(copy) + 3);
    CAPTURE(i);
    for (std::size_t k = 0; k + 1 < cuts.size(); ++k) {
      std::size_t parts = 0;
      std::uint64_t last_end = 0;
      clip(copy, cuts[k], cuts[k + 1], [&](const StridedCopy& part) {
        REQUIRE(is_normal(part));
        REQUIRE(!part.empty());
        REQUIRE(part.dst_offset >= std::max(cuts[k], last_end));
        last_end = dst_end(part);
        REQUIRE(last_end <= cuts[k + 1]);
        append_moves(part, moves);
        ++parts;
      });
      REQUIRE(parts <= 2 * copy.dims.size() + 1);
      cut_parts = std::max(cut_parts, parts);
    }
    REQUIRE(sorted(moves) == moves_of(copy));
  }
  CHECK(cut_parts >= 6);
}

TEST_CASE("clipping to everything changes nothing, to nothing leaves nothing") {
  const StridedCopy copy{0, 10, 2, {{3, 2, 20}, {5, 6, 2}}};
  std::vector<StridedCopy> parts;
  const auto keep = [&](const StridedCopy& part) { parts.push_back(part); };
  clip(copy, 0, UINT64_MAX, keep);
  CHECK(parts == std::vector{copy});
  parts.clear();
  clip(copy, 0, 10, keep);
  clip(copy, 20, 30, keep);  // Between two rows.
  clip(copy, 60, 99, keep);
  clip(copy, 25, 25, keep);
  CHECK(parts.empty());
}

TEST_CASE("a clip of a large copy takes no longer than of a small one") {
  const StridedCopy copy{0, 0, 2, {{1ULL << 30, 2, 2ULL << 28}, {1ULL << 28, 2ULL << 30, 2}}};
  std::vector<StridedCopy> parts;
  const std::uint64_t row = 2ULL << 28;
  clip(copy, row - 4, 3 * row + 6, [&](const StridedCopy& part) { parts.push_back(part); });
  REQUIRE(parts.size() == 3);
  CHECK(parts[0].bytes() == 4);
  CHECK(parts[1].bytes() == 2 * row);
  CHECK(parts[2].bytes() == 6);
}

/// A copy that steps by rows of `pitch` bytes outside, and inside a row within.
StridedCopy copy_with_rows(Draw& draw, std::uint64_t& pitch) {
  StridedCopy copy = random_copy(draw, {.dims = 2, .empty = false});
  pitch = dst_end(copy) + draw.from(0, 4);
  std::uint64_t src = src_end(copy);
  std::uint64_t dst = pitch;
  for (std::uint64_t n = draw.from(0, 2); n > 0; --n) {
    const CopyDim dim{draw.from(1, 5), src + draw.from(0, 3), dst * draw.from(1, 2)};
    src = dim.extent * dim.src_stride;
    dst = dim.extent * dim.dst_stride;
    copy.dims.push_back(dim);
  }
  copy.dst_offset += pitch * draw.from(0, 3);
  normalize(copy);
  return copy;
}

TEST_CASE("the windows of a grid move each byte once") {
  Draw draw(4);
  int fitting = 0;
  for (int i = 0; i < 5000; ++i) {
    std::uint64_t pitch = 0;
    const StridedCopy copy = copy_with_rows(draw, pitch);
    CAPTURE(i);
    if (!fits_rows(copy, pitch)) continue;  // Loops of a row have merged with those outside.
    ++fitting;
    std::vector<ByteMove> moves;
    const auto rows = random_cuts(draw, dst_end(copy) / pitch + 2);
    const auto columns = random_cuts(draw, pitch);
    for (std::size_t r = 0; r + 1 < rows.size(); ++r) {
      for (std::size_t c = 0; c + 1 < columns.size(); ++c) {
        const Window window{pitch, rows[r], rows[r + 1] - rows[r], columns[c], columns[c + 1] - columns[c]};
        std::vector<ByteMove> in_window;
        clip(copy, window, [&](const StridedCopy& part) { append_moves(part, in_window); });
        for (const ByteMove& move : in_window) {
          REQUIRE(move.dst < window.rows * window.width);
          const std::uint64_t row = window.row + move.dst / window.width;
          moves.push_back({row * pitch + window.column + move.dst % window.width, move.src});
        }
      }
    }
    REQUIRE(sorted(moves) == moves_of(copy));
  }
  CHECK(fitting > 4500);
}

TEST_CASE("rows that cut a run or a loop do not fit") {
  const StridedCopy copy{0, 0, 8, {{4, 8, 20}, {2, 100, 10}}};
  CHECK(fits_rows(copy, 20));
  CHECK(fits_rows(copy, 10));
  CHECK_FALSE(fits_rows(copy, 40));
  CHECK_FALSE(fits_rows(copy, 15));
  CHECK_FALSE(fits_rows(copy, 5));
  const StridedCopy late{0, 4, 8, {{4, 8, 10}}};
  CHECK_FALSE(fits_rows(late, 10));
}

}  // namespace
}  // namespace omap
