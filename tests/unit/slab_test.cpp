#include "runtime/run/slab.h"

#include <doctest/doctest.h>

#include "runtime/run/fill_slab.h"
#include "tests/unit/checkpoint_folder.h"

namespace omap {
namespace {

/// Destinations one behind another, after 100 bytes of something else, in one file or in two.
CheckpointLayout plain_layout(const CopyProgram& program) {
  CheckpointLayout layout;
  layout.files = {{"one", "", 100}, {"two", "", 100}};
  for (std::size_t i = 0; i < program.destinations.size(); ++i) {
    OutputFile& file = layout.files[i % 3 == 0 ? 1 : 0];
    layout.places.push_back({i % 3 == 0 ? 1U : 0U, file.size});
    file.size += program.destinations[i].bytes;
  }
  return layout;
}

std::vector<Slab> all_slabs(const Sections& sections, const BufferSizes& sizes) {
  std::vector<Slab> slabs;
  SlabCutter cutter(sections, sections.sections, sizes);
  while (const auto slab = cutter.next()) slabs.push_back(*slab);
  CHECK_FALSE(cutter.next());
  return slabs;
}

BufferSizes random_sizes(Draw& draw) {
  const std::uint64_t slab = draw.from(1, draw.once_in(2) ? 40 : 4000);
  return {1, slab, draw.once_in(3) ? 0 : slab * draw.from(1, 8), draw.from(1, draw.once_in(2) ? 40 : 4000)};
}

struct SlabCounts {
  std::size_t windows = 0;
  std::size_t shared = 0;
};

/// Fills all slabs of a program, and compares what they hold with what is wanted.
void check_slabs(const CheckpointFolder& folder, const MadeProgram& made, const BufferSizes& sizes,
                 SlabCounts& counts) {
  const auto source = open_checkpoint(folder.write("source.safetensors", made.sources));
  REQUIRE(source);
  const CheckpointLayout layout = plain_layout(made.program);
  const Sections sections = sections_of(made.program, layout);
  std::vector<std::vector<std::byte>> files;
  std::vector<std::vector<int>> written;
  for (const OutputFile& file : layout.files) {
    files.emplace_back(file.size);
    written.emplace_back(file.size);
  }
  std::vector<std::byte> scratch(sizes.scratch);
  for (const Slab& slab : all_slabs(sections, sizes)) {
    REQUIRE(slab.bytes() > 0);
    REQUIRE(slab.bytes() <= sizes.slab_buffer());
    counts.windows += slab.rows > 1 ? 1 : 0;
    counts.shared += slab.last - slab.first > 1 ? 1 : 0;
    std::vector<std::byte> buffer(slab.bytes(), std::byte{0xEE});
    REQUIRE(fill_slab(slab, sections, *source, buffer, scratch));
    for (std::uint64_t k = 0; k < slab.bytes(); ++k) {
      const std::uint64_t at = slab.offset + k / slab.width * slab.pitch + k % slab.width;
      files[slab.file].at(at) = buffer[k];
      ++written[slab.file].at(at);
    }
  }
  for (std::size_t k = 0; k < layout.files.size(); ++k) {
    const auto head = written[k].begin() + 100;
    REQUIRE(std::all_of(written[k].begin(), head, [](int times) { return times == 0; }));
    REQUIRE(std::all_of(head, written[k].end(), [](int times) { return times == 1; }));
  }
  for (std::size_t k = 0; k < made.wanted.size(); ++k) {
    const auto at = files[layout.places[k].file].begin() + static_cast<std::ptrdiff_t>(layout.places[k].offset);
    REQUIRE(std::equal(made.wanted[k].begin(), made.wanted[k].end(), at));
  }
}

TEST_CASE("slabs of any size hold what the program says, each byte once") {
  const CheckpointFolder folder;
  Draw draw(9);
  SlabCounts counts;
  for (int i = 0; i < 600; ++i) {
    MadeProgram made;
    for (std::uint64_t n = draw.from(1, 5); n > 0; --n) add_random_destination(draw, made, 3000);
    CAPTURE(i);
    check_slabs(folder, made, random_sizes(draw), counts);
  }
  CHECK(counts.windows > 100);
  CHECK(counts.shared > 100);
}

TEST_CASE("boxes of unequal heights interleave") {
  const CheckpointFolder folder;
  Draw draw(24);
  SlabCounts counts;
  for (int i = 0; i < 200; ++i) {
    MadeProgram made;
    made.program.destinations.push_back({"d", Dtype::u8, {50, 60}, 3000, 0, {}});
    made.wanted.emplace_back(3000);
    add_random_box(draw, made, {0, 0}, {50, 30});
    add_random_box(draw, made, {0, 30}, {49, 30});
    add_random_box(draw, made, {49, 30}, {1, 30});
    CAPTURE(i);
    check_slabs(folder, made, {1, draw.from(20, 60), draw.from(60, 200), 50}, counts);
  }
}

/// One destination that one box writes.
CopyProgram program_of(const StridedCopy& copy) {
  CopyProgram program;
  program.destinations.push_back({"d", Dtype::bf16, {}, copy.bytes(), 0, {{0, copy}}});
  return program;
}

TEST_CASE("buffers take no more than the memory given, and no more than is needed") {
  const CopyProgram plain = program_of({0, 0, 1ULL << 30, {}});
  const Sections sections = sections_of(plain, plain_layout(plain));
  CHECK(buffer_sizes(sections, {.threads = 4, .memory = 64 << 20}).large_slab == 0);
  const CopyProgram transposed = program_of({0, 0, 2, {{1 << 15, 2, 2 << 15}, {1 << 15, 2 << 15, 2}}});
  const Sections crossing = sections_of(transposed, plain_layout(transposed));
  for (const std::uint64_t memory : {0ULL, 1ULL << 20, 5ULL << 20, 64ULL << 20, 1ULL << 40}) {
    for (const unsigned threads : {1U, 2U, 7U}) {
      const BufferSizes sizes = buffer_sizes(crossing, {.threads = threads, .memory = memory});
      CHECK(sizes.total() <= std::max<std::uint64_t>(memory, threads * (1ULL << 20)));
      CHECK(sizes.large_slab > 0);
      CHECK(sizes.slab > 0);
      CHECK(sizes.scratch > 0);
    }
  }
  CHECK(buffer_sizes(crossing, {.threads = 0, .memory = 0}).threads == 1);
}

TEST_CASE("a transposed tensor far larger than the buffers is read and written in long spans") {
  // 2 GiB; a band that fits the buffer would be read 16 elements at a time.
  const CopyProgram program = program_of({0, 0, 2, {{1 << 12, 2, 2 << 18}, {1 << 18, 2 << 12, 2}}});
  const Sections sections = sections_of(program, plain_layout(program));
  const BufferSizes sizes = buffer_sizes(sections, {.threads = 1, .memory = 10 << 20});
  std::uint64_t bytes = 0;
  for (const Slab& slab : all_slabs(sections, sizes)) {
    REQUIRE(slab.bytes() <= sizes.slab_buffer());
    REQUIRE(slab.rows * 2 >= 2048);
    REQUIRE(slab.width >= 2048);
    bytes += slab.bytes();
  }
  CHECK(bytes == 2ULL << 30);
}

TEST_CASE("matrices that are transposed one behind another are not cut where several fit a slab") {
  const std::uint64_t matrix = 2 * 300 * 200;
  const CopyProgram program = program_of({0, 0, 2, {{1000, matrix, matrix}, {300, 2, 2 * 200}, {200, 2 * 300, 2}}});
  const Sections sections = sections_of(program, plain_layout(program));
  const BufferSizes sizes = buffer_sizes(sections, {.threads = 1, .memory = 10 << 20});
  for (const Slab& slab : all_slabs(sections, sizes)) {
    REQUIRE(slab.rows == 1);
    REQUIRE(slab.offset % matrix == 100);
    REQUIRE(slab.width % matrix == 0);
  }
}

TEST_CASE("what is contiguous is cut at pages of the file") {
  const CopyProgram program = program_of({0, 0, 10 << 20, {}});
  const Sections sections = sections_of(program, plain_layout(program));
  const std::vector<Slab> slabs = all_slabs(sections, buffer_sizes(sections, {}));
  REQUIRE(slabs.size() > 10);
  CHECK(slabs.front().offset == 100);
  for (std::size_t i = 1; i < slabs.size(); ++i) {
    CHECK(slabs[i].offset == slabs[i - 1].offset + slabs[i - 1].width);
    CHECK(slabs[i].offset % 4096 == 0);
  }
  CHECK(slabs.back().offset + slabs.back().width == 100 + (10 << 20));
}

TEST_CASE("small tensors share a slab") {
  CopyProgram program;
  for (int i = 0; i < 300; ++i) {
    program.destinations.push_back({"d", Dtype::u8, {}, 100, 0, {{0, {0, 0, 100, {}}}}});
  }
  CheckpointLayout layout;
  layout.files = {{"one", "", 30000}};
  for (std::uint64_t i = 0; i < 300; ++i) layout.places.push_back({0, (299 - i) * 100});
  const Sections sections = sections_of(program, layout);
  const std::vector<Slab> slabs = all_slabs(sections, {1, 10000, 0, 1});
  REQUIRE(slabs.size() == 3);
  CHECK(slabs[1].offset == 10000);
  CHECK(slabs[1].width == 10000);
}

}  // namespace
}  // namespace omap
