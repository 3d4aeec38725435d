#include "runtime/copy/kernel_choice.h"

#include <doctest/doctest.h>

namespace omap {
namespace {

using Kernel = KernelChoice::Kernel;

Kernel kernel_of(const StridedCopy& copy) { return choose_kernel(copy).kernel; }

TEST_CASE("what is contiguous is one run") {
  const KernelChoice choice = choose_kernel({0, 0, 2, {{30, 200, 200}, {100, 2, 2}}});
  CHECK(choice.kernel == Kernel::runs);
  CHECK(choice.run_bytes == 6000);
  CHECK(choice.loops.empty());
}

TEST_CASE("rows of which a part is taken are runs") {
  const KernelChoice choice = choose_kernel({64, 0, 2, {{5, 4000, 500}, {10, 400, 50}, {25, 2, 2}}});
  CHECK(choice.kernel == Kernel::runs);
  CHECK(choice.run_bytes == 50);
  CHECK(choice.inner == CopyDim{50, 400, 50});
}

TEST_CASE("a transposed matrix goes through registers, whatever is around it") {
  for (const std::uint64_t size : {1U, 2U, 4U, 8U, 16U}) {
    CAPTURE(size);
    const StridedCopy copy{
        0, 0, size, {{7, 30000 * size, 30000 * size}, {300, size, 100 * size}, {100, 300 * size, size}}};
    const KernelChoice choice = choose_kernel(copy);
    CHECK(choice.kernel == Kernel::transpose);
    CHECK(choice.outer == copy.dims[1]);
    CHECK(choice.inner == copy.dims[2]);
    CHECK(choice.loops == std::vector<CopyDim>{copy.dims[0]});
  }
}

TEST_CASE("columns too few for a line are joined by the loop behind them") {
  // [a=500 n=64 2] -> [2 n a]
  const KernelChoice choice = choose_kernel({0, 0, 2, {{2, 2, 64000}, {64, 4, 1000}, {500, 256, 2}}});
  CHECK(choice.kernel == Kernel::transpose);
  CHECK(choice.outer == CopyDim{2, 2, 64000});
  CHECK(choice.group == CopyDim{64, 4, 1000});
  CHECK(choice.loops.empty());
}

TEST_CASE("short runs that cross go in tiles, long ones in order") {
  CHECK(kernel_of({0, 0, 24, {{50, 24, 1200}, {50, 1200, 24}}}) == Kernel::runs_in_tiles);
  CHECK(kernel_of({0, 0, 256, {{50, 256, 12800}, {50, 12800, 256}}}) == Kernel::runs);
}

TEST_CASE("two to four streams are interleaved and separated") {
  for (const std::uint64_t streams : {2U, 3U, 4U}) {
    CAPTURE(streams);
    CHECK(kernel_of({0, 0, 2, {{1000, 2, 2 * streams}, {streams, 2000, 2}}}) == Kernel::interleave);
    CHECK(kernel_of({0, 0, 2, {{streams, 2, 2000}, {1000, 2 * streams, 2}}}) == Kernel::deinterleave);
    CHECK(kernel_of({0, 0, 2, {{1000, 2 * streams, 2}}}) == Kernel::deinterleave);
    CHECK(kernel_of({0, 0, 2, {{1000, 2, 2 * streams}, {streams, 0, 2}}}) == Kernel::interleave);
  }
  CHECK(kernel_of({0, 0, 2, {{8, 2, 2000}, {1000, 16, 2}}}) == Kernel::transpose);
}

TEST_CASE("what repeats is written, not read, again") {
  CHECK(kernel_of({0, 0, 2, {{1000, 0, 2}}}) == Kernel::repeat);
  CHECK(kernel_of({0, 0, 2, {{1000, 2, 40}, {20, 0, 2}}}) == Kernel::repeat);
  CHECK(kernel_of({0, 0, 6, {{1000, 6, 120}, {20, 0, 6}}}) == Kernel::repeat);
  CHECK(kernel_of({0, 0, 4096, {{1000, 0, 4096}}}) == Kernel::repeat);
}

TEST_CASE("other strides go element by element") {
  CHECK(kernel_of({0, 0, 2, {{1000, 6, 4}}}) == Kernel::in_order);
  CHECK(kernel_of({0, 0, 2, {{100, 4, 400}, {100, 400, 4}}}) == Kernel::in_tiles);
  CHECK(kernel_of({0, 0, 2, {{100, 4, 16}, {3, 400, 4}}}) == Kernel::in_order);
}

TEST_CASE("what no cache holds is written past them") {
  CHECK_FALSE(choose_kernel({0, 0, 2, {{1024, 2, 2048}, {1024, 2048, 2}}}).streaming);
  CHECK(choose_kernel({0, 0, 2, {{4096, 2, 8192}, {4096, 8192, 2}}}).streaming);
}

}  // namespace
}  // namespace omap
