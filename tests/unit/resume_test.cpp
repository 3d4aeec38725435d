// Outputs that a later run goes on with: `StagingOptions`, and the protocol in staged_output.h.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "runtime/checkpoint/safetensors_layout.h"
#include "runtime/checkpoint/staged_output.h"
#include "runtime/checkpoint/staging_journal.h"
#include "runtime/run/conversion_digest.h"
#include "runtime/run/run.h"
#include "tests/unit/checkpoint_folder.h"
#include "tests/unit/format_fixtures.h"

using namespace omap;
using namespace omap::test;

namespace {

using Names = std::vector<std::string>;
using Leftover = Resumption::Leftover;

const std::vector<OutputTensor> three_tensors = {{"a", Dtype::u8, {4}}, {"b", Dtype::u8, {4}}, {"c", Dtype::u8, {4}}};
const std::string data = "aaaabbbbcccc";

/// Three files, of one tensor each, and an index.
CheckpointLayout layout_of_three() { return lay_out_safetensors_directory(three_tensors, 4).value(); }
const std::string first = "model-00001-of-00003.safetensors";
const std::string second = "model-00002-of-00003.safetensors";

Names names_in(const fs::path& directory) {
  Names names;
  for (const auto& entry : fs::directory_iterator(directory)) names.push_back(entry.path().filename().string());
  std::ranges::sort(names);
  return names;
}

StagedOutput stage(const fs::path& out, StagingOptions options) {
  options.replace = true;
  auto output = stage_output(out, true, layout_of_three(), options);
  REQUIRE(output.has_value());
  output->expect(std::vector<std::uint64_t>{4, 4, 4});
  return *std::move(output);
}

void write_tensor(StagedOutput& output, std::uint32_t tensor) {
  const TensorPlace place = layout_of_three().places[tensor];
  REQUIRE(output.write(place.file, place.offset, std::as_bytes(std::span(data)).subspan(4 * tensor, 4)).has_value());
}

/// What a run leaves that is killed when it has written the first tensor and half of the second.
fs::path killed_run(const TestFolder& folder) {
  const fs::path out = folder.path() / "out";
  {
    StagedOutput output = stage(out, {"digest"});
    write_tensor(output, 0);
    const TensorPlace place = layout_of_three().places[1];
    REQUIRE(output.write(place.file, place.offset, std::as_bytes(std::span(data)).subspan(4, 2)).has_value());
    CHECK(output.is_finished(0));
    CHECK_FALSE(output.is_finished(1));
    fs::copy(folder.path() / "out.partial", folder.path() / "left", fs::copy_options::recursive);
  }
  REQUIRE_FALSE(fs::exists(folder.path() / "out.partial"));
  fs::rename(folder.path() / "left", folder.path() / "out.partial");
  return out;
}

/// Goes on with what was left: writes what is not finished, commits, and checks the whole.
Resumption finish(const fs::path& out, const StagingOptions& options) {
  StagedOutput output = stage(out, options);
  const Resumption found = output.resumption();
  for (std::uint32_t i = 0; i < 3; ++i) {
    if (!output.is_finished(i)) write_tensor(output, i);
  }
  REQUIRE(output.commit().has_value());
  const auto opened = open_checkpoint(out);
  REQUIRE(opened.has_value());
  std::string read(12, '-');
  for (std::size_t i = 0; i < 3; ++i) {
    const ByteRange& bytes = opened->index().tensors()[opened->index().find(three_tensors[i].key).value()].bytes;
    REQUIRE(opened->read(bytes.file, bytes.offset, std::as_writable_bytes(std::span(read)).subspan(4 * i, 4)));
  }
  CHECK(read == data);
  CHECK(names_in(out).size() == 4);
  CHECK_FALSE(fs::exists(fs::path(out) += ".partial"));
  return found;
}

}  // namespace

TEST_CASE("finished files of the same conversion are kept") {
  const TestFolder folder;
  const fs::path out = killed_run(folder);
  // Its bytes are not looked at again: those of a run that says it was finished are on the disk.
  const auto written = fs::last_write_time(folder.path() / "out.partial/out" / first);
  const Resumption found = finish(out, {"digest", true});
  CHECK(found.leftover == Leftover::of_this_conversion);
  CHECK(found.files == 1);
  CHECK(found.bytes == layout_of_three().files[0].size);
  CHECK(fs::last_write_time(out / first) == written);
}

TEST_CASE("leftovers of another conversion, or that nobody asked to resume, are replaced") {
  const TestFolder folder;
  CHECK(finish(killed_run(folder), {"another digest", true}).leftover == Leftover::of_another_conversion);
  fs::remove_all(folder.path() / "out");
  CHECK(finish(killed_run(folder), {"digest", false}).leftover == Leftover::none);
  fs::remove_all(folder.path() / "out");
  CHECK(finish(killed_run(folder), {"", true}).leftover == Leftover::none);
  fs::remove_all(folder.path() / "out");
  CHECK(finish(folder.path() / "out", {"digest", true}).leftover == Leftover::none);
}

TEST_CASE("finished files that were changed are written again") {
  const TestFolder folder;
  const fs::path staged = folder.path() / "out.partial/out" / first;
  const std::vector<std::function<void()>> changes = {
      [&] { fs::remove(staged); }, [&] { fs::resize_file(staged, fs::file_size(staged) - 1); },
      [&] { std::fstream(staged, std::ios::in | std::ios::out) << "12345678"; },
      [&] {
        fs::rename(staged, folder.path() / "elsewhere");
        fs::create_symlink(folder.path() / "elsewhere", staged);
      },
      [&] {
        fs::remove(staged);
        fs::create_directory(staged);
        fs::remove(staged);
      }};
  for (const auto& change : changes) {
    const fs::path out = killed_run(folder);
    change();
    const Resumption found = finish(out, {"digest", true});
    CHECK(found.leftover == Leftover::of_this_conversion);
    CHECK(found.files == 0);
    CHECK_FALSE(fs::is_symlink(out / first));
    fs::remove_all(out);
  }
}

TEST_CASE("a finished file that begins with fixed bytes is kept only if it still has them") {
  const TestFolder folder;
  CheckpointLayout layout;
  layout.files = {{"pytorch_model.bin", "", 12, {{0, std::string("head\0\0\0\0", 8)}}, {{8, 12, {4}}}}};
  layout.places = {{0, 8}};
  const StagingOptions options{"digest", true};
  for (const bool changed : {false, true}) {
    CAPTURE(changed);
    {
      auto output = stage_output(folder.path() / "out", true, layout, options);
      REQUIRE(output.has_value());
      output->expect(std::vector<std::uint64_t>{4});
      if (!output->is_finished(0)) REQUIRE(output->write(0, 8, std::as_bytes(std::span(data)).first(4)).has_value());
    }
    if (changed)
      std::fstream(folder.path() / "out.partial/out/pytorch_model.bin", std::ios::in | std::ios::out) << "HEAD";
    auto output = stage_output(folder.path() / "out", true, layout, options);
    REQUIRE(output.has_value());
    CHECK(output->is_finished(0) == !changed);
  }
}

TEST_CASE("a run that fails leaves finished files if it was to resume, and else nothing") {
  const TestFolder folder;
  const fs::path out = folder.path() / "out";
  const fs::path partial = folder.path() / "out.partial";
  for (const bool resume : {false, true}) {
    StagedOutput output = stage(out, {"digest", resume});
    write_tensor(output, 1);
  }
  CHECK(names_in(partial) == Names{std::string(journal_file_name), "out"});
  CHECK(names_in(partial / "out") == Names{second});
  CHECK(finish(out, {"digest", true}).files == 1);
  fs::remove_all(out);
  // Nothing is finished: nothing is left.
  { StagedOutput output = stage(out, {"digest", true}); }
  CHECK(names_in(folder.path()).empty());
}

TEST_CASE("a run that fails before it has staged a finished file leaves it all the same") {
  const TestFolder folder;
  const fs::path out = folder.path() / "out";
  {
    StagedOutput output = stage(out, {"digest", true});
    write_tensor(output, 1);
  }
  CheckpointLayout unmakeable = layout_of_three();
  unmakeable.files.front().name = std::string(300, 'x');
  CHECK_FALSE(stage_output(out, true, unmakeable, {"digest", true}).has_value());
  CHECK(finish(out, {"digest", true}).files == 1);
}

TEST_CASE("a single file is gone on with if it is complete") {
  const TestFolder folder;
  const fs::path out = folder.path() / "x.safetensors";
  const CheckpointLayout layout = lay_out_safetensors_file(three_tensors, "x.safetensors").value();
  for (const bool complete : {false, true}) {
    CAPTURE(complete);
    for (int i = 0; i < 2; ++i) {
      auto output = stage_output(out, false, layout, {"digest", true});
      REQUIRE(output.has_value());
      output->expect(std::vector<std::uint64_t>{12});
      CHECK(output->resumption().files == (complete && i == 1 ? 1 : 0));
      if (output->is_finished(0)) {
        REQUIRE(output->commit().has_value());
        continue;
      }
      const auto bytes = std::as_bytes(std::span(data)).first(complete ? 12 : 8);
      REQUIRE(output->write(0, layout.places[0].offset, bytes).has_value());
    }
    CHECK(names_in(folder.path()) == (complete ? Names{"x.safetensors"} : Names{}));
  }
  CHECK(read_bytes(out).ends_with(data));
}

TEST_CASE("a commit that failed among the names goes on with those that have not got theirs") {
  const TestFolder folder;
  const fs::path out = killed_run(folder);
  { StagedOutput output = stage(out, {"digest", true}); }
  // The first file has its final name already, in a directory that was there before.
  fs::create_directory(out);
  fs::rename(folder.path() / "out.partial/out" / first, out / first);
  CHECK(finish(out, {"digest", true}).files == 0);
}

TEST_CASE("a new directory that cannot get its name at last goes on with all of its files") {
  const TestFolder folder;
  const fs::path out = folder.path() / "out";
  {
    StagedOutput output = stage(out, {"digest", true});
    for (std::uint32_t i = 0; i < 3; ++i) write_tensor(output, i);
    fs::create_directory(out);
    CHECK_FALSE(output.commit().has_value());
  }
  fs::remove(out);
  CHECK(finish(out, {"digest", true}).files == 3);
}

TEST_CASE("a journal is whole, or not there") {
  const TestFolder folder;
  const fs::path& at = folder.path();
  CHECK_FALSE(read_journal(at).has_value());
  {
    auto journal = StagingJournal::begin(at, {"digest", {"a", "b c", "d"}, {"a"}});
    REQUIRE(journal.has_value());
    REQUIRE(journal->add("b c").has_value());
  }
  const std::string text = read_bytes(at / journal_file_name);
  CHECK(text == "omap journal 2\nconversion digest\nmakes a\nmakes b c\nmakes d\nfinished a\nfinished b c\n");
  CHECK(read_journal(at)->digest == "digest");
  CHECK(read_journal(at)->made == Names{"a", "b c", "d"});
  CHECK(read_journal(at)->finished == Names{"a", "b c"});
  // However much of it a crash left.
  for (std::size_t size = 0; size < text.size(); ++size) {
    CAPTURE(size);
    folder.write(std::string(journal_file_name), text.substr(0, size));
    const auto left = read_journal(at);
    CHECK(left.has_value() == (size >= text.find("makes")));
    if (left) CHECK(left->finished == (size >= text.find("finished b") ? Names{"a"} : Names{}));
  }
  for (const char* other : {"omap journal 1\nconversion digest\n", "omap journal 2\nfinished a\n",
                            "omap journal 2\nconversion digest\nstarted a\n"}) {
    folder.write(std::string(journal_file_name), other);
    CHECK_FALSE(read_journal(at).has_value());
  }
  folder.write("elsewhere", text);
  fs::remove(at / journal_file_name);
  fs::create_symlink("elsewhere", at / journal_file_name);
  CHECK_FALSE(read_journal(at).has_value());
  CHECK(remove_journal(at).has_value());
  CHECK(names_in(at) == Names{"elsewhere"});
}

TEST_CASE("a run goes on where another one ended") {
  CheckpointFolder folder;
  Draw draw(23);
  MadeProgram made;
  for (int i = 0; i < 6; ++i) add_random_destination(draw, made, 200000);
  const fs::path path = folder.write("source.safetensors", made.sources);
  const auto written = fs::last_write_time(path);
  const std::string bytes = read_bytes(path);
  const CheckpointLayout layout = lay_out_safetensors_directory(made.outputs(), 1).value();
  const auto run_to_end = [&](const std::string& name,
                              const std::function<void()>& once_opened) -> Result<std::size_t> {
    const auto source = open_checkpoint(path);
    REQUIRE(source);
    auto output =
        stage_output(folder.path() / name, true, layout, {conversion_digest(made.program, *source, layout), true});
    REQUIRE(output);
    once_opened();
    auto done = run(made.program, *source, layout, *output, {.threads = 1, .memory = 0});
    if (!done) return fail(std::move(done.error()));
    REQUIRE(output->commit());
    return output->resumption().files;
  };
  CHECK(run_to_end("whole", [] {}) == 0);
  // Sources lie in the order of the destinations: the last ones cannot be read.
  const auto cut = run_to_end("out", [&] { fs::resize_file(path, bytes.size() * 2 / 3); });
  REQUIRE_FALSE(cut);
  CHECK(cut.error().front().code == Code::source_changed);
  std::ofstream(path, std::ios::binary) << bytes;
  fs::last_write_time(path, written);
  const auto kept = run_to_end("out", [] {});
  REQUIRE(kept);
  CHECK(*kept > 0);
  CHECK(*kept < layout.files.size());
  for (const OutputFile& file : layout.files) {
    CHECK(read_bytes(folder.path() / "out" / file.name) == read_bytes(folder.path() / "whole" / file.name));
  }
}

TEST_CASE("a digest changes with whatever changes the bytes") {
  CheckpointFolder folder;
  Draw draw(24);
  MadeProgram made;
  for (int i = 0; i < 3; ++i) add_random_destination(draw, made, 2000);
  const fs::path path = folder.write("source.safetensors", made.sources);
  const auto source = open_checkpoint(path);
  REQUIRE(source);
  const CheckpointLayout layout = lay_out_safetensors_directory(made.outputs(), 1).value();
  const std::string digest = conversion_digest(made.program, *source, layout);
  CHECK(digest.size() == 32);
  CHECK(conversion_digest(made.program, *open_checkpoint(path), layout) == digest);

  const auto changed_program = [&](const std::function<void(CopyProgram&)>& change) {
    CopyProgram other = made.program;
    change(other);
    return conversion_digest(other, *source, layout) != digest;
  };
  CHECK(changed_program([](CopyProgram& p) { p.destinations[0].key += "'"; }));
  CHECK(changed_program([](CopyProgram& p) { p.destinations[0].boxes[0].copy.src_offset ^= 1; }));
  CHECK(changed_program([](CopyProgram& p) { p.destinations[0].boxes[0].piece ^= 1; }));
  CHECK(changed_program([](CopyProgram& p) { p.computed.emplace_back(); }));
  CheckpointLayout other = layout;
  other.files[0].head.back() ^= 1;
  CHECK(conversion_digest(made.program, *source, other) != digest);
  other = layout;
  other.files[0].fixed.push_back({1, "x"});
  CHECK(conversion_digest(made.program, *source, other) != digest);

  const auto written = fs::last_write_time(path);
  fs::last_write_time(path, written + std::chrono::nanoseconds(100));
  CHECK(conversion_digest(made.program, *open_checkpoint(path), layout) != digest);
  fs::last_write_time(path, written);
  CHECK(conversion_digest(made.program, *open_checkpoint(path), layout) == digest);
}
