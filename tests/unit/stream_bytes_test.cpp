#include "runtime/copy/stream_bytes.h"

#include <doctest/doctest.h>

#include <vector>

#include "runtime/copy/copy_runs.h"
#include "runtime/copy/repeat_runs.h"
#include "tests/unit/simd_target.h"

namespace omap {
namespace {

constexpr std::byte untouched{0xEE};

std::vector<std::byte> numbered(std::uint64_t bytes) {
  std::vector<std::byte> made(bytes);
  for (std::size_t i = 0; i < made.size(); ++i) made[i] = static_cast<std::byte>((i * 2654435761U) >> 13U);
  return made;
}

TEST_CASE("stream_bytes copies any number of bytes from and to any place") {
  for_each_simd_target([] {
    for (const std::uint64_t bytes : {0U, 1U, 63U, 64U, 65U, 127U, 128U, 200U, 1000U}) {
      for (std::uint64_t lead = 0; lead < 70; lead += 3) {
        const std::vector<std::byte> src = numbered(bytes + 5);
        std::vector<std::byte> made(lead + bytes, untouched), wanted = made;
        std::copy_n(src.begin() + 5, bytes, wanted.begin() + static_cast<std::ptrdiff_t>(lead));
        stream_bytes(bytes, src.data() + 5, made.data() + lead);
        end_stream();
        CAPTURE(bytes);
        CAPTURE(lead);
        REQUIRE(made == wanted);
      }
    }
  });
}

TEST_CASE("runs are the same whether they are streamed or not") {
  for_each_simd_target([] {
    for (const std::uint64_t run : {2U, 24U, 255U, 256U, 300U, 4096U, 5000U}) {
      CAPTURE(run);
      const CopyDim outer{3, run + 1, 4 * run + 7}, inner{4, 3 * run + 3, run};
      const std::vector<std::byte> src = numbered(13 * run + 13);
      std::vector<std::byte> made(12 * run + 14, untouched), wanted = made;
      copy_runs(run, outer, inner, false, src.data(), wanted.data());
      copy_runs(run, outer, inner, true, src.data(), made.data());
      REQUIRE(made == wanted);
      repeat_runs(run, outer, 4, false, src.data(), wanted.data());
      repeat_runs(run, outer, 4, true, src.data(), made.data());
      REQUIRE(made == wanted);
      REQUIRE(std::equal(made.begin(), made.begin() + static_cast<std::ptrdiff_t>(run), src.begin()));
    }
  });
}

}  // namespace
}  // namespace omap
