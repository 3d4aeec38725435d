#include "runtime/copy/interleave.h"

#include <doctest/doctest.h>

#include <vector>

#include "runtime/copy/element_loops.h"
#include "tests/unit/simd_target.h"

namespace omap {
namespace {

constexpr std::byte untouched{0xEE};
constexpr std::uint64_t sizes[] = {1, 2, 4, 8};
constexpr std::uint64_t counts[] = {1, 2, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 200};

std::vector<std::byte> numbered(std::uint64_t bytes) {
  std::vector<std::byte> made(bytes);
  for (std::size_t i = 0; i < made.size(); ++i) made[i] = static_cast<std::byte>((i * 2654435761U) >> 13U);
  return made;
}

TEST_CASE("interleave lets streams take turns") {
  for_each_simd_target([] {
    for (const std::uint64_t size : sizes) {
      for (std::uint64_t streams = 2; streams <= 4; ++streams) {
        for (const std::uint64_t count : counts) {
          const std::uint64_t stride = count * size + 3;
          const std::vector<std::byte> src = numbered((streams - 1) * stride + count * size);
          std::vector<std::byte> made(count * streams * size, untouched), wanted = made;
          copy_in_order(size, {count, size, streams * size}, {streams, stride, size}, src.data(), wanted.data());
          interleave({size, streams, count, stride}, src.data(), made.data());
          CAPTURE(size);
          CAPTURE(streams);
          CAPTURE(count);
          REQUIRE(made == wanted);
        }
      }
    }
  });
}

TEST_CASE("deinterleave keeps the first streams, and reads nothing behind them") {
  for_each_simd_target([] {
    for (const std::uint64_t size : sizes) {
      for (std::uint64_t streams = 2; streams <= 4; ++streams) {
        for (std::uint64_t kept = 1; kept <= streams; ++kept) {
          for (const std::uint64_t count : counts) {
            const std::uint64_t stride = count * size + 3;
            const std::vector<std::byte> src = numbered(((count - 1) * streams + kept) * size);
            std::vector<std::byte> made((kept - 1) * stride + count * size, untouched), wanted = made;
            copy_in_order(size, {kept, size, stride}, {count, streams * size, size}, src.data(), wanted.data());
            deinterleave({size, streams, kept, count, stride}, src.data(), made.data());
            CAPTURE(size);
            CAPTURE(streams);
            CAPTURE(kept);
            CAPTURE(count);
            REQUIRE(made == wanted);
          }
        }
      }
    }
  });
}

}  // namespace
}  // namespace omap
