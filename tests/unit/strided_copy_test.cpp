#include "runtime/copy/strided_copy.h"

#include <doctest/doctest.h>

#include "tests/unit/random_copy.h"

namespace omap {
namespace {

TEST_CASE("normalize keeps what is moved and reaches normal form") {
  Draw draw(1);
  int merged = 0;
  int empty = 0;
  for (int i = 0; i < 20000; ++i) {
    const StridedCopy copy = random_copy(draw, {});
    StridedCopy normal = copy;
    normalize(normal);
    CAPTURE(i);
    REQUIRE(moves_of(normal) == moves_of(copy));
    REQUIRE(is_normal(normal));
    REQUIRE(normal.bytes() == moves_of(copy).size());
    REQUIRE(normal.empty() == moves_of(copy).empty());
    merged += normal.run_bytes > copy.run_bytes ? 1 : 0;
    empty += normal.empty() ? 1 : 0;
  }
  CHECK(merged > 1000);
  CHECK(empty > 100);
}

TEST_CASE("the ends of a copy are those of its last bytes") {
  Draw draw(2);
  for (int i = 0; i < 5000; ++i) {
    const StridedCopy copy = random_copy(draw, {});
    std::uint64_t src = 0;
    std::uint64_t dst = 0;
    for (const ByteMove& move : moves_of(copy)) {
      src = std::max(src, move.src + 1);
      dst = std::max(dst, move.dst + 1);
    }
    CAPTURE(i);
    REQUIRE(src_end(copy) == src);
    REQUIRE(dst_end(copy) == dst);
  }
}

TEST_CASE("a dense tensor that keeps its order is one run") {
  StridedCopy copy{0, 100, 2, {{3, 40, 40}, {1, 7, 9}, {5, 8, 8}, {4, 2, 2}}};
  normalize(copy);
  CHECK(copy == StridedCopy{0, 100, 120, {}});
}

TEST_CASE("a matrix that is transposed keeps its two loops, by destination stride") {
  StridedCopy copy{0, 0, 2, {{5, 6, 2}, {3, 2, 10}}};
  normalize(copy);
  CHECK(copy == StridedCopy{0, 0, 2, {{3, 2, 10}, {5, 6, 2}}});
}

TEST_CASE("loops that repeat the source merge with each other only") {
  StridedCopy copy{0, 0, 4, {{2, 0, 120}, {3, 0, 40}, {10, 4, 4}}};
  normalize(copy);
  CHECK(copy == StridedCopy{0, 0, 40, {{6, 0, 40}}});
}

TEST_CASE("rank 0 is a run") {
  StridedCopy copy{8, 0, 4, {}};
  normalize(copy);
  CHECK(copy == StridedCopy{8, 0, 4, {}});
  CHECK(src_end(copy) == 12);
}

}  // namespace
}  // namespace omap
