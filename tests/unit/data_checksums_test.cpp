#include "runtime/checkpoint/data_checksums.h"

#include <doctest/doctest.h>
#include <zlib.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

using namespace omap;

namespace {

struct Piece {
  std::uint64_t begin = 0;
  std::uint64_t size = 0;
};

/// [0, size) in pieces of random lengths, in random order.
std::vector<Piece> random_pieces(std::uint64_t size, std::mt19937& random) {
  std::vector<Piece> pieces;
  for (std::uint64_t at = 0; at < size;) {
    const std::uint64_t length = std::min<std::uint64_t>(size - at, random() % 700 + 1);
    pieces.push_back({at, length});
    at += length;
  }
  std::ranges::shuffle(pieces, random);
  return pieces;
}

std::uint32_t number_at(const std::map<std::uint64_t, std::vector<std::byte>>& put, std::uint64_t place) {
  std::uint32_t number = 0;
  REQUIRE(put.at(place).size() == 4);
  for (std::size_t i = 0; i < 4; ++i) number |= std::to_integer<std::uint32_t>(put.at(place)[i]) << (8 * i);
  return number;
}

}  // namespace

TEST_CASE("checksums are those of zlib, in whatever pieces and order the bytes come") {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    std::vector<std::byte> bytes(random() % 9'000 + 1'000);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    // Two ranges that pieces cross, a gap between them, and one byte at the end.
    const std::uint64_t first = random() % 400 + 1;
    const std::uint64_t second = first + 100 + random() % 400;
    CheckpointLayout layout;
    layout.files.push_back({"other", "", 5});
    layout.files.push_back({"file", "", bytes.size()});
    layout.files.back().checksums = {{3, first + 3, {10'000, 10'004}},
                                     {second, bytes.size() - 1, {10'008}},
                                     {bytes.size() - 1, bytes.size(), {10'012}}};
    DataChecksums checksums(layout);
    std::map<std::uint64_t, std::vector<std::byte>> put;
    std::mutex mutex;
    const auto pieces = random_pieces(bytes.size(), random);
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < 3; ++t) {
      threads.emplace_back([&, t] {
        for (std::size_t i = t; i < pieces.size(); i += 3) {
          const auto piece = std::span(bytes).subspan(pieces[i].begin, pieces[i].size);
          const auto added = checksums.add(1, pieces[i].begin, piece, [&](std::uint64_t at, auto checksum) {
            const std::scoped_lock lock(mutex);
            CHECK(put.emplace(at, std::vector(checksum.begin(), checksum.end())).second);
            return Result<void>();
          });
          CHECK(added.has_value());
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    const auto crc = [&](std::uint64_t begin, std::uint64_t end) {
      return crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data() + begin), end - begin);
    };
    CHECK(put.size() == 4);
    CHECK(number_at(put, 10'000) == crc(3, first + 3));
    CHECK(number_at(put, 10'004) == crc(3, first + 3));
    CHECK(number_at(put, 10'008) == crc(second, bytes.size() - 1));
    CHECK(number_at(put, 10'012) == crc(bytes.size() - 1, bytes.size()));
  }
}

TEST_CASE("a checksum that cannot be put is an error") {
  CheckpointLayout layout;
  layout.files.push_back({"file", "", 8});
  layout.files.back().checksums = {{0, 4, {4}}};
  DataChecksums checksums(layout);
  const std::vector<std::byte> bytes(4);
  const auto refuse = [](std::uint64_t, std::span<const std::byte>) -> Result<void> {
    return fail(Diagnostic(Code::write_failed, "no"));
  };
  CHECK(checksums.add(0, 0, std::span(bytes).first(3), refuse).has_value());
  CHECK_FALSE(checksums.add(0, 3, std::span(bytes).first(1), refuse).has_value());
}
