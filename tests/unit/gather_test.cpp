#include "runtime/run/gather.h"

#include <doctest/doctest.h>

#include "runtime/run/source_spans.h"
#include "tests/unit/random_copy.h"

namespace omap {
namespace {

/// A source in memory that counts how it is read.
struct CountedSource {
  std::vector<std::byte> bytes;
  std::uint64_t reads = 0;
  std::uint64_t bytes_read = 0;

  explicit CountedSource(std::uint64_t size) : bytes(size) {
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>((i * 2654435761U) >> 13);
  }

  ReadSource reader() {
    return [this](std::uint64_t offset, std::span<std::byte> out) -> Result<void> {
      REQUIRE(offset + out.size() <= bytes.size());
      std::ranges::copy(std::span(bytes).subspan(offset, out.size()), out.begin());
      ++reads;
      bytes_read += out.size();
      return {};
    };
  }
};

void check_gather(const StridedCopy& copy, CountedSource& source, std::uint64_t scratch_bytes) {
  std::vector<std::byte> dst(dst_end(copy), std::byte{0xEE});
  std::vector<std::byte> wanted = dst;
  std::vector<ByteMove> moves;
  append_moves(copy, moves);
  for (const ByteMove& move : moves) wanted[move.dst] = source.bytes[move.src];
  std::vector<std::byte> scratch(scratch_bytes);
  REQUIRE(gather(copy, source.reader(), dst.data(), scratch));
  REQUIRE(dst == wanted);
}

TEST_CASE("gather moves the bytes that the copy says, however small its scratch") {
  Draw draw(8);
  for (int i = 0; i < 6000; ++i) {
    StridedCopy copy = random_copy(draw, {.src_gap = draw.once_in(2) ? 5U : 20000U});
    if (src_end(copy) > 1 << 20) continue;
    normalize(copy);
    CountedSource source(src_end(copy));
    CAPTURE(i);
    check_gather(copy, source, draw.once_in(2) ? draw.from(1, 50) : draw.from(50, 20000));
  }
}

TEST_CASE("elements that interleave are read in dense spans") {
  const StridedCopy copy{0, 0, 2, {{10000, 2, 4}}};
  CountedSource source(src_end(copy));
  check_gather(copy, source, 4096);
  CHECK(source.reads == 5);
  CHECK(source.bytes_read == 20000);
}

TEST_CASE("small gaps are read over, large ones are not") {
  const StridedCopy near{0, 0, 512, {{100, 1024, 512}}};
  CountedSource near_source(src_end(near));
  check_gather(near, near_source, 1 << 20);
  CHECK(near_source.reads == 1);

  const StridedCopy far{0, 0, 512, {{100, 100000, 512}}};
  CountedSource far_source(src_end(far));
  check_gather(far, far_source, 1 << 20);
  CHECK(far_source.reads == 100);
  CHECK(far_source.bytes_read == 51200);
}

TEST_CASE("long runs are read once into their places") {
  const StridedCopy copy{0, 0, 64 << 10, {{5, 128 << 10, 64 << 10}}};
  CountedSource source(src_end(copy));
  check_gather(copy, source, 16);
  CHECK(source.reads == 5);
  CHECK(source.bytes_read == 5 * 64 << 10);
}

TEST_CASE("a band of a transposed matrix is read once, one span for each of its columns") {
  // 100 of 20000 rows, of 300 columns.
  const StridedCopy copy{64, 0, 2, {{100, 2, 600}, {300, 40000, 2}}};
  CountedSource source(src_end(copy));
  check_gather(copy, source, 5000);
  CHECK(source.reads == 300);
  CHECK(source.bytes_read == copy.bytes());
}

TEST_CASE("a source that is repeated is read once if it fits") {
  const StridedCopy copy{0, 0, 40000, {{50, 0, 40000}}};
  CountedSource source(src_end(copy));
  check_gather(copy, source, 50000);
  CHECK(source.reads == 1);
}

TEST_CASE("an error of the source ends the copy") {
  const StridedCopy copy{0, 0, 2, {{10, 100000, 2}}};
  std::vector<std::byte> dst(20);
  std::vector<std::byte> scratch(64);
  int reads = 0;
  const auto done = gather(
      copy,
      [&](std::uint64_t, std::span<std::byte>) -> Result<void> {
        if (++reads < 3) return {};
        return fail(Diagnostic(Code::source_changed, "gone"));
      },
      dst.data(), scratch);
  REQUIRE_FALSE(done);
  CHECK(done.error().front().code == Code::source_changed);
  CHECK(reads == 3);
}

TEST_CASE("source_spans takes a loop into the span while its gap costs less than a read") {
  const StridedCopy inside{0, 0, 2, {{10, 2 + read_cost, 2}}};
  CHECK(source_spans(inside).span == 9 * (2 + read_cost) + 2);
  CHECK(source_spans(inside).count == 1);
  const StridedCopy outside{0, 0, 2, {{10, 3 + read_cost, 2}}};
  CHECK(source_spans(outside).span == 2);
  CHECK(source_spans(outside).count == 10);
}

}  // namespace
}  // namespace omap
