#include "runtime/run/slab_queue.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "runtime/run/worker_pool.h"

namespace omap {
namespace {

constexpr std::uint64_t slab_bytes = 64;

/// One box after another, each a run of its file; `bytes` are the sizes of the files, in sections of `section` bytes.
struct MadeSections {
  std::vector<BoxCopy> boxes;
  Sections sections;
};

MadeSections made_sections(const std::vector<std::uint64_t>& bytes, std::uint64_t section) {
  MadeSections made;
  made.boxes.resize(1, BoxCopy{});
  for (std::uint32_t file = 0; file < bytes.size(); ++file) {
    for (std::uint64_t begin = 0; begin < bytes[file]; begin += section) {
      const std::uint64_t end = std::min(bytes[file], begin + section);
      const std::size_t box = made.sections.boxes.size();
      made.sections.boxes.push_back({made.boxes.data(), nullptr, file, 0, begin, end});
      made.sections.sections.push_back({file, begin, end, box, box + 1});
    }
  }
  return made;
}

BufferSizes sizes_for(unsigned threads) { return {threads, slab_bytes, 0, 0}; }

TEST_CASE("each worker has a file of its own, in order, as long as there are files") {
  const MadeSections made = made_sections({100, 300, 100}, 50);
  SlabQueue queue(made.sections, sizes_for(2));
  CHECK(queue.next(0)->file == 0);
  CHECK(queue.next(1)->file == 1);
  CHECK(queue.next(0)->offset == 50);
  CHECK(queue.next(0)->file == 2);
  CHECK(queue.next(1)->offset == 50);
}

TEST_CASE("a worker without a file helps with the one that has the fewest") {
  const MadeSections made = made_sections({50, 500, 500}, 50);
  SlabQueue queue(made.sections, sizes_for(4));
  CHECK(queue.next(0)->file == 0);
  CHECK(queue.next(1)->file == 1);
  CHECK(queue.next(2)->file == 2);
  CHECK(queue.next(0)->file == 1);
  CHECK(queue.next(3)->file == 2);
}

TEST_CASE("where there is one file, all work on it") {
  const MadeSections made = made_sections({200}, 50);
  SlabQueue queue(made.sections, sizes_for(3));
  for (const unsigned worker : {0U, 1U, 2U, 0U}) CHECK(queue.next(worker)->file == 0);
  for (const unsigned worker : {0U, 1U, 2U, 0U}) CHECK_FALSE(queue.next(worker));
}

TEST_CASE("a queue of nothing has nothing") {
  const Sections none;
  SlabQueue queue(none, sizes_for(2));
  CHECK_FALSE(queue.next(0));
  CHECK_FALSE(queue.next(1));
}

TEST_CASE("workers that take at once take each byte of each file once") {
  const std::vector<std::uint64_t> bytes{1, 40, 6400, 64, 12345, 0, 77, 3000};
  const MadeSections made = made_sections(bytes, 48);
  constexpr unsigned workers = 5;
  SlabQueue queue(made.sections, sizes_for(workers));
  std::vector<std::vector<Slab>> taken(workers);
  const auto done = on_workers(workers, [&](unsigned worker, const std::stop_token&) -> Result<void> {
    while (const auto slab = queue.next(worker)) taken[worker].push_back(*slab);
    return {};
  });
  REQUIRE(done);

  std::vector<std::vector<int>> times;
  for (const std::uint64_t size : bytes) times.emplace_back(size, 0);
  for (const std::vector<Slab>& slabs : taken) {
    for (const Slab& slab : slabs) {
      for (std::uint64_t i = 0; i < slab.bytes(); ++i) ++times[slab.file][slab.offset + i];
    }
  }
  for (const std::vector<int>& file : times) CHECK(std::ranges::all_of(file, [](int n) { return n == 1; }));
}

}  // namespace
}  // namespace omap
