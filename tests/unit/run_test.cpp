#include "runtime/run/run.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <stdexcept>

#include "runtime/checkpoint/safetensors_layout.h"
#include "tests/unit/checkpoint_folder.h"

namespace omap {
namespace {

/// Runs a program from `source` to `out.safetensors` in the folder.
Result<void> run_to_file(const CheckpointFolder& folder, const MadeProgram& made, const CheckpointReader& source,
                         const RunOptions& options) {
  const std::filesystem::path path = folder.path() / "out.safetensors";
  std::filesystem::remove(path);
  auto layout = lay_out_safetensors_file(made.outputs(), "out.safetensors");
  if (!layout) return fail(std::move(layout.error()));
  auto output = stage_output(path, false, *layout, {.replace = true});
  if (!output) return fail(std::move(output.error()));
  if (auto done = run(made.program, source, *layout, *output, options); !done) return done;
  return output->commit();
}

std::vector<std::byte> read_tensor(const CheckpointReader& reader, const std::string& key) {
  const ByteRange& bytes = reader.index().tensors()[reader.index().find(key).value()].bytes;
  std::vector<std::byte> out(bytes.size);
  REQUIRE(reader.read(bytes.file, bytes.offset, out));
  return out;
}

void check_run(const CheckpointFolder& folder, const MadeProgram& made, const RunOptions& options) {
  const auto source = open_checkpoint(folder.write("source.safetensors", made.sources));
  REQUIRE(source);
  REQUIRE(run_to_file(folder, made, *source, options));
  const auto out = open_checkpoint(folder.path() / "out.safetensors");
  REQUIRE(out);
  REQUIRE(out->index().tensors().size() == made.wanted.size());
  for (std::size_t i = 0; i < made.wanted.size(); ++i) {
    REQUIRE(read_tensor(*out, made.program.destinations[i].key) == made.wanted[i]);
  }
}

/// A destination that is a source, element for element.
void add_renamed(MadeProgram& made, MadeTensor source) {
  Destination destination{source.info.key + "'", source.info.dtype, source.info.shape, source.bytes.size(), 0, {}};
  destination.boxes.push_back(
      {static_cast<std::uint32_t>(made.sources.size()), StridedCopy{0, 0, source.bytes.size(), {}}});
  made.program.destinations.push_back(std::move(destination));
  made.wanted.push_back(source.bytes);
  made.sources.push_back(std::move(source));
}

TEST_CASE("run writes what random programs say") {
  CheckpointFolder folder;
  Draw draw(10);
  for (int i = 0; i < 150; ++i) {
    MadeProgram made;
    for (std::uint64_t n = draw.from(0, 12); n > 0; --n) add_random_destination(draw, made, 20000);
    CAPTURE(i);
    check_run(folder, made, {.threads = static_cast<unsigned>(draw.from(1, 4)), .memory = 0});
  }
}

TEST_CASE("run cuts tensors that are larger than its buffers") {
  CheckpointFolder folder;
  Draw draw(11);
  for (int i = 0; i < 6; ++i) {
    MadeProgram made;
    for (int n = 0; n < 3; ++n) add_random_destination(draw, made, 2000000);
    CAPTURE(i);
    check_run(folder, made, {.threads = 2, .memory = 0});
  }
}

TEST_CASE("run transposes matrices of any proportions in little memory") {
  CheckpointFolder folder;
  Draw draw(12);
  for (const auto& [rows, columns] : {std::pair{1500, 1300}, {3, 700000}, {700000, 3}, {20, 90001}}) {
    const std::vector<std::int64_t> shape{rows, columns};
    MadeProgram made;
    made.sources.push_back(random_tensor(draw, "s", Dtype::bf16, {columns, rows}));
    const auto r = static_cast<std::uint64_t>(rows);
    const auto c = static_cast<std::uint64_t>(columns);
    made.program.destinations.push_back({"d", Dtype::bf16, shape, 2 * r * c, 0, {}});
    made.program.destinations[0].boxes.push_back({0, {0, 0, 2, {{r, 2, 2 * c}, {c, 2 * r, 2}}}});
    made.wanted.emplace_back(2 * r * c);
    for (std::uint64_t i = 0; i < r; ++i) {
      for (std::uint64_t j = 0; j < c; ++j) {
        std::memcpy(&made.wanted[0][2 * (i * c + j)], &made.sources[0].bytes[2 * (j * r + i)], 2);
      }
    }
    CAPTURE(rows);
    check_run(folder, made, {.threads = 2, .memory = 0});
  }
}

TEST_CASE("estimate states bytes and buffers") {
  Draw draw(13);
  MadeProgram made;
  add_renamed(made, random_tensor(draw, "a", Dtype::f32, {100, 7}));
  Destination repeated{"r", Dtype::bf16, {10, 8}, 160, 0, {}};
  repeated.boxes.push_back({1, {0, 0, 8, {{10, 0, 16}}}});
  repeated.boxes.push_back({BoxCopy::zero, {0, 8, 8, {{10, 0, 16}}}});
  made.program.destinations.push_back(repeated);
  made.program.ties.push_back({0, 1, {}});
  std::vector<TensorInfo> tensors{made.sources[0].info, {"b", Dtype::bf16, {4}, {0, 2800, 8}}};
  const TensorIndex index({"file"}, tensors);
  const auto layout = lay_out_safetensors_file(made.outputs(), "out.safetensors");
  REQUIRE(layout);
  const RunEstimate result = estimate(made.program, index, *layout, {.threads = 3, .memory = 9 << 20});
  CHECK(result.tensors == 2);
  CHECK(result.bytes_read == 2800 + 8 + 2800 + 8);
  CHECK(result.bytes_written == layout->files[0].head.size() + 2800 + 160);
  CHECK(result.buffer_bytes > 0);
  CHECK(result.buffer_bytes <= 9 << 20);
  CHECK(result.buffer_bytes % 3 == 0);
}

struct TiedPair {
  MadeProgram made;
  std::vector<std::byte>& second() { return made.sources[1].bytes; }
};

TiedPair tied_pair(Draw& draw) {
  TiedPair tied;
  MadeTensor first = random_tensor(draw, "embeddings", Dtype::bf16, {3000, 1000});
  MadeTensor second = first;
  second.info.key = "head";
  add_renamed(tied.made, std::move(first));
  tied.made.sources.push_back(std::move(second));
  tied.made.program.ties.push_back({0, 1, SourceRange{0, 10, 20}});
  return tied;
}

Diagnostics errors_of(const CheckpointFolder& folder, const MadeProgram& made, const RunOptions& options) {
  const auto source = open_checkpoint(folder.write("source.safetensors", made.sources));
  REQUIRE(source);
  const auto done = run_to_file(folder, made, *source, options);
  REQUIRE_FALSE(done);
  CHECK_FALSE(std::filesystem::exists(folder.path() / "out.safetensors"));
  return done.error();
}

TEST_CASE("ties that hold are silent") {
  CheckpointFolder folder;
  Draw draw(14);
  check_run(folder, tied_pair(draw).made, {.threads = 2, .memory = 0});
}

TEST_CASE("a tie that does not hold is an error that names the first difference") {
  CheckpointFolder folder;
  Draw draw(15);
  for (int i = 0; i < 5; ++i) {
    TiedPair tied = tied_pair(draw);
    // From there on every chunk differs, so that threads find several at once.
    for (std::size_t at = 1234 * 1000 + 567; at < 3000 * 1000; at += 1000) tied.second()[2 * at + 1] ^= std::byte{1};
    const Diagnostics errors = errors_of(folder, tied.made, {.threads = 4, .memory = 0});
    REQUIRE(errors.size() == 1);
    CHECK(errors[0].code == Code::tie_differs);
    CHECK(errors[0].primary.range == SourceRange{0, 10, 20});
    CHECK(errors[0].message == "`embeddings` and `head` are tied and differ, first in element [1234, 567]");
    CHECK(errors[0].helps.size() == 1);
  }
}

TEST_CASE("tied tensors of other shapes or dtypes differ") {
  CheckpointFolder folder;
  Draw draw(16);
  TiedPair shapes = tied_pair(draw);
  shapes.made.sources[1].info.shape = {1000, 3000};
  const Diagnostics errors = errors_of(folder, shapes.made, {});
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].code == Code::tie_differs);
  CHECK(errors[0].message == "`embeddings` and `head` are tied and differ: BF16 [3000, 1000] and BF16 [1000, 3000]");
  TiedPair dtypes = tied_pair(draw);
  dtypes.made.sources[1].info.dtype = Dtype::f16;
  CHECK(errors_of(folder, dtypes.made, {}).at(0).code == Code::tie_differs);
}

TEST_CASE("a source that shrinks stops the run") {
  CheckpointFolder folder;
  Draw draw(17);
  MadeProgram made;
  add_renamed(made, random_tensor(draw, "a", Dtype::u8, {3000000}));
  add_renamed(made, random_tensor(draw, "b", Dtype::u8, {3000000}));
  const auto path = folder.write("source.safetensors", made.sources);
  const auto source = open_checkpoint(path);
  REQUIRE(source);
  std::filesystem::resize_file(path, 4000000);
  const auto done = run_to_file(folder, made, *source, {.threads = 3, .memory = 0});
  REQUIRE_FALSE(done);
  CHECK(done.error().size() == 1);
  CHECK(done.error().front().code == Code::source_changed);
  CHECK_FALSE(std::filesystem::exists(folder.path() / "out.safetensors"));
}

TEST_CASE("a source that grows or is written to during a run fails it") {
  CheckpointFolder folder;
  Draw draw(19);
  MadeProgram made;
  add_renamed(made, random_tensor(draw, "a", Dtype::u8, {3000000}));
  const auto path = folder.write("source.safetensors", made.sources);
  const auto source = open_checkpoint(path);
  REQUIRE(source);
  const auto size = std::filesystem::file_size(path);
  const auto error_after = [&](const std::function<void()>& change) {
    RunOptions options{.threads = 2, .memory = 0};
    options.progress = [&](std::uint64_t, std::uint64_t) { change(); };
    const auto done = run_to_file(folder, made, *source, options);
    REQUIRE_FALSE(done);
    REQUIRE(done.error().size() == 1);
    CHECK(done.error().front().code == Code::source_changed);
    CHECK_FALSE(std::filesystem::exists(folder.path() / "out.safetensors"));
    CHECK_FALSE(std::filesystem::exists(folder.path() / "out.safetensors.partial"));
    return done.error().front().message;
  };
  const auto written = std::filesystem::last_write_time(path);
  CHECK(
      error_after([&] { std::filesystem::resize_file(path, size + 1); }) ==
      fmt::format("`{}` had {} bytes when it was opened, and has {} after it was read", path.string(), size, size + 1));
  CHECK(error_after([&] {
          std::filesystem::resize_file(path, size);
          std::filesystem::last_write_time(path, written + std::chrono::seconds(1));
        }) == fmt::format("`{}` was written to while it was read", path.string()));
  std::filesystem::last_write_time(path, written);
  CHECK(run_to_file(folder, made, *source, {.threads = 2, .memory = 0}));
}

TEST_CASE("progress ends with everything written, and an exception in it is an error") {
  CheckpointFolder folder;
  Draw draw(18);
  MadeProgram made;
  for (int i = 0; i < 8; ++i)
    add_renamed(made, random_tensor(draw, std::string(1, 'a' + char(i)), Dtype::u8, {700000}));
  std::vector<std::pair<std::uint64_t, std::uint64_t>> calls;
  RunOptions options{.threads = 4, .memory = 0};
  options.progress = [&](std::uint64_t done, std::uint64_t total) { calls.emplace_back(done, total); };
  check_run(folder, made, options);
  REQUIRE_FALSE(calls.empty());
  CHECK(calls.back().first == std::filesystem::file_size(folder.path() / "out.safetensors"));
  CHECK(calls.back().first == calls.back().second);
  CHECK(std::ranges::is_sorted(calls));

  options.progress = [](std::uint64_t, std::uint64_t) { throw std::runtime_error("enough"); };
  const Diagnostics errors = errors_of(folder, made, options);
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].message.find("enough") != std::string::npos);
}

}  // namespace
}  // namespace omap
