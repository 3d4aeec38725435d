#include "runtime/checkpoint/staged_output.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "runtime/checkpoint/checkpoint_reader.h"
#include "runtime/checkpoint/safetensors_layout.h"
#include "runtime/checkpoint/staging_journal.h"
#include "runtime/checkpoint/written_names.h"

using namespace omap;
namespace fs = std::filesystem;

namespace {

using Texts = std::vector<std::string>;

/// A folder of the test's own, removed at its end.
class Folder {
 public:
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "omap-staged-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path_ = fs::canonical(pattern);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path_); }

  [[nodiscard]] fs::path operator/(const std::string& name) const { return path_ / name; }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

void put(const fs::path& path, std::string_view text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file.good());
  return std::string(std::istreambuf_iterator<char>(file), {});
}

Texts names_in(const fs::path& directory) {
  Texts names;
  for (const auto& entry : fs::directory_iterator(directory)) names.push_back(entry.path().filename().string());
  std::ranges::sort(names);
  return names;
}

const std::vector<OutputTensor> two_tensors = {{"a", Dtype::u8, {4}}, {"b", Dtype::u8, {4}}};

const StagingOptions may_replace = {.replace = true};

/// What a killed run leaves of a destination, as its journal tells: these files, relative to the output, with a text.
void leave(const fs::path& destination, const Texts& names, std::string_view text) {
  const DestinationPath at = resolve_destination(destination);
  for (const std::string& name : names) put(name == "." ? at.staged : at.staged / name, text);
  REQUIRE(StagingJournal::begin(at.staging, {"", names, {}}).has_value());
}

CheckpointLayout one_file() { return lay_out_safetensors_file(two_tensors, "model.safetensors").value(); }
CheckpointLayout two_shards() { return lay_out_safetensors_directory(two_tensors, 4).value(); }

void fill(StagedOutput& output, const CheckpointLayout& layout, std::string_view data = "aaaabbbb") {
  const auto bytes = std::as_bytes(std::span(data));
  for (std::size_t i = 0; i < layout.places.size(); ++i) {
    REQUIRE(output.write(layout.places[i].file, layout.places[i].offset, bytes.subspan(4 * i, 4)).has_value());
  }
}

void write_checkpoint(const fs::path& destination, bool is_directory, const CheckpointLayout& layout,
                      std::string_view data = "aaaabbbb") {
  auto output = stage_output(destination, is_directory, layout, may_replace);
  REQUIRE(output.has_value());
  fill(*output, layout, data);
  REQUIRE(output->commit().has_value());
}

std::string data_of(const fs::path& path) {
  const auto opened = open_checkpoint(path);
  REQUIRE(opened.has_value());
  std::string data;
  for (const char* key : {"a", "b"}) {
    REQUIRE(opened->index().find(key));
    const ByteRange at = opened->index().tensors()[*opened->index().find(key)].bytes;
    std::string part(at.size, ' ');
    REQUIRE(opened->read(at.file, at.offset, std::as_writable_bytes(std::span(part))).has_value());
    data += part;
  }
  return data;
}

template <class T>
Code code_of(const Result<T>& result) {
  REQUIRE_FALSE(result.has_value());
  CHECK_FALSE(result.error().front().helps.empty());
  return result.error().front().code;
}

const Texts shards = {"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
                      "model.safetensors.index.json"};

/// `check_destination` with a source that is elsewhere.
Result<void> check(const fs::path& destination, bool is_directory, bool replace, const CheckpointLayout& layout) {
  return check_destination(destination, is_directory, {replace}, layout, "/no/source", {});
}

}  // namespace

TEST_CASE("a new directory appears at once") {
  const Folder folder;
  const fs::path out = folder / "out";
  const CheckpointLayout layout = two_shards();
  {
    auto output = stage_output(out, true, layout);
    REQUIRE(output.has_value());
    CHECK_FALSE(fs::exists(out));
    CHECK(names_in(folder / "out.partial") == Texts{std::string(journal_file_name), "out"});
    CHECK(names_in(folder / "out.partial" / "out") == shards);
    CHECK(fs::file_size(folder / "out.partial" / "out" / shards[0]) == layout.files[0].size);
    fill(*output, layout);
    CHECK_FALSE(fs::exists(out));
    REQUIRE(output->commit().has_value());
    CHECK(names_in(folder.path()) == Texts{"out"});
  }
  CHECK(names_in(folder.path()) == Texts{"out"});
  CHECK(names_in(out) == shards);
  CHECK(data_of(out) == "aaaabbbb");
}

TEST_CASE("a new file appears at once") {
  const Folder folder;
  const fs::path out = folder / "x.safetensors";
  auto output = stage_output(out, false, one_file());
  REQUIRE(output.has_value());
  CHECK(names_in(folder.path()) == Texts{"x.safetensors.partial"});
  CHECK(names_in(folder / "x.safetensors.partial") == Texts{std::string(journal_file_name), "x.safetensors"});
  fill(*output, one_file());
  REQUIRE(output->commit().has_value());
  CHECK(names_in(folder.path()) == Texts{"x.safetensors"});
  CHECK(data_of(out) == "aaaabbbb");
}

TEST_CASE("modes are those of the umask") {
  const Folder folder;
  const mode_t before = ::umask(027);
  write_checkpoint(folder / "out", true, one_file());
  ::umask(before);
  struct stat status {};
  REQUIRE(::stat((folder / "out").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0750);
  REQUIRE(::stat((folder / "out" / "model.safetensors").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0640);
}

TEST_CASE("without a commit nothing stays") {
  const Folder folder;
  for (const bool is_directory : {true, false}) {
    {
      auto output = stage_output(folder / "deep/below/out", is_directory, one_file());
      REQUIRE(output.has_value());
      fill(*output, one_file());
      StagedOutput moved = *std::move(output);
      CHECK(fs::exists(folder / "deep/below/out.partial"));
    }
    CHECK(names_in(folder.path()).empty());
  }
  put(folder / "kept" / "config.json", "{}");
  { REQUIRE(stage_output(folder / "kept", true, two_shards(), may_replace).has_value()); }
  CHECK(names_in(folder.path()) == Texts{"kept"});
  CHECK(names_in(folder / "kept") == Texts{"config.json"});
}

TEST_CASE("directories above the destination are made") {
  const Folder folder;
  write_checkpoint(folder / "deep/below/out/", true, one_file());
  CHECK(names_in(folder / "deep/below") == Texts{"out"});
  put(folder / "file", "");
  CHECK(code_of(stage_output(folder / "file" / "out", true, one_file())) == Code::write_failed);
}

TEST_CASE("a directory that is there keeps all but weight files") {
  const Folder folder;
  const fs::path out = folder / "out";
  const Texts others = {"config.json",
                        "adapter.safetensors",
                        "model.bin",
                        "model-notes.txt",
                        "model-best-of-three.safetensors",
                        "model-of-2.safetensors",
                        "model-1-of-.safetensors"};
  for (const std::string& name : others) put(out / name, name);

  write_checkpoint(out, true, one_file(), "11112222");
  CHECK(data_of(out) == "11112222");
  write_checkpoint(out, true, two_shards(), "33334444");
  CHECK(data_of(out) == "33334444");
  CHECK_FALSE(fs::exists(out / "model.safetensors"));
  put(out / "model-00003-of-00009.safetensors", "stale");
  write_checkpoint(out, true, two_shards(), "55556666");
  CHECK(data_of(out) == "55556666");
  CHECK_FALSE(fs::exists(out / "model-00003-of-00009.safetensors"));
  write_checkpoint(out, true, one_file(), "77778888");
  CHECK(data_of(out) == "77778888");

  Texts expected = others;
  expected.emplace_back("model.safetensors");
  std::ranges::sort(expected);
  CHECK(names_in(out) == expected);
  for (const std::string& name : others) CHECK(contents(out / name) == name);
  CHECK(names_in(folder.path()) == Texts{"out"});
}

/// A checkpoint in folders: two files of weights below one, an index beside them, a config above.
CheckpointLayout in_folders() {
  CheckpointLayout layout;
  layout.files = {{"model_and_optim/__0_0.distcp", "head", 12, {{8, "mid."}}},
                  {"model_and_optim/__0_1.distcp", "", 4},
                  text_file("config.json", "{}")};
  layout.places = {{0, 4}, {1, 0}};
  layout.index = text_file("model_and_optim/.metadata", "index");
  return layout;
}
const Texts files_in_folders = {"config.json", "model_and_optim/.metadata", "model_and_optim/__0_0.distcp",
                                "model_and_optim/__0_1.distcp"};

TEST_CASE("folders are staged, named and given up with their files") {
  const Folder folder;
  const CheckpointLayout layout = in_folders();
  { REQUIRE(stage_output(folder / "out", true, layout).has_value()); }
  CHECK(names_in(folder.path()).empty());
  for (const bool there : {false, true}) {
    CAPTURE(there);
    if (there) put(folder / "out" / "model_and_optim" / "__1_0.distcp", "stale");
    {
      auto output = stage_output(folder / "out", true, layout, may_replace);
      REQUIRE(output.has_value());
      CHECK(names_below(folder / "out.partial" / "out").value() == files_in_folders);
      fill(*output, layout, there ? "11112222" : "aaaabbbb");
      REQUIRE(output->commit().has_value());
    }
    CHECK(names_in(folder.path()) == Texts{"out"});
    CHECK(names_below(folder / "out").value() == files_in_folders);
    CHECK(contents(folder / "out" / "model_and_optim" / "__0_0.distcp") == (there ? "head1111mid." : "headaaaamid."));
  }
  leave(folder / "killed", {"model_and_optim/__7_7.distcp"}, "left over");
  write_checkpoint(folder / "killed", true, layout);
  CHECK(names_below(folder / "killed").value() == files_in_folders);
}

TEST_CASE("a checkpoint of another format is replaced whole") {
  const Folder folder;
  const fs::path out = folder / "out";
  put(out / "train" / "rank0.pt", "state");
  put(out / "pytorch_model-00001-of-00002.bin", "old");
  put(out / "pytorch_model.bin.index.json", "{}");
  write_checkpoint(out, true, two_shards());
  CHECK(names_below(out).value() == Texts{shards[0], shards[1], shards[2], "train"});
  write_checkpoint(out, true, in_folders());
  Texts expected = files_in_folders;
  expected.emplace_back("train");
  CHECK(names_below(out).value() == expected);
  write_checkpoint(out, true, one_file());
  CHECK(names_below(out).value() == Texts{"config.json", "model.safetensors", "train"});
  CHECK_FALSE(fs::exists(out / "model_and_optim"));
  CHECK(contents(out / "train" / "rank0.pt") == "state");
}

TEST_CASE("nothing is written through a link to a folder") {
  const Folder folder;
  fs::create_directory(folder / "elsewhere");
  fs::create_directory(folder / "out");
  fs::create_directory_symlink(folder / "elsewhere", folder / "out" / "model_and_optim");
  CHECK(code_of(check(folder / "out", true, true, in_folders())) == Code::destination_exists);
  CHECK(code_of(stage_output(folder / "out", true, in_folders(), may_replace)) == Code::destination_exists);
}

TEST_CASE("nothing is written through a link") {
  const Folder folder;
  fs::create_directory(folder / "real");
  put(folder / "x.safetensors", "old");
  fs::create_directory_symlink("real", folder / "link");
  fs::create_symlink("x.safetensors", folder / "y.safetensors");
  fs::create_symlink("nowhere", folder / "dangling.safetensors");
  for (const auto& [name, is_directory] :
       {std::pair("link", true), {"y.safetensors", false}, {"dangling.safetensors", false}}) {
    CAPTURE(name);
    CHECK(code_of(stage_output(folder / name, is_directory, one_file(), may_replace)) == Code::destination_exists);
    CHECK(code_of(check_destination(folder / name, is_directory, {true}, one_file(), folder / "s", {})) ==
          Code::destination_exists);
    CHECK(fs::is_symlink(folder / name));
    CHECK_FALSE(fs::exists(fs::symlink_status(folder / (std::string(name) + ".partial"))));
  }
  CHECK(names_in(folder / "real").empty());
  CHECK(contents(folder / "x.safetensors") == "old");
  CHECK_FALSE(fs::exists(folder / "nowhere"));

  // Where it is written first.
  fs::create_directory_symlink("real", folder / "out.partial");
  CHECK(code_of(stage_output(folder / "out", true, one_file())) == Code::destination_exists);
  fs::create_symlink("x.safetensors", folder / "z.safetensors.partial");
  CHECK(code_of(stage_output(folder / "z.safetensors", false, one_file())) == Code::destination_exists);
  CHECK(names_in(folder / "real").empty());
  CHECK(contents(folder / "x.safetensors") == "old");
}

TEST_CASE("links in a directory, or to be taken over, are replaced and not followed") {
  const Folder folder;
  put(folder / "blob", "old");
  fs::create_directories(folder / "out");
  leave(folder / "out", {"model.safetensors"}, "half");
  fs::remove(folder / "out.partial/out/model.safetensors");
  fs::create_symlink("../blob", folder / "out/model.safetensors");
  fs::create_symlink("../../blob", folder / "out.partial/out/model.safetensors");
  write_checkpoint(folder / "out", true, one_file());
  CHECK(contents(folder / "blob") == "old");
  CHECK_FALSE(fs::is_symlink(folder / "out" / "model.safetensors"));
  CHECK(data_of(folder / "out" / "model.safetensors") == "aaaabbbb");
}

TEST_CASE("links above a destination are followed") {
  const Folder folder;
  fs::create_directory(folder / "real");
  fs::create_directory_symlink("real", folder / "link");
  write_checkpoint(folder / "link" / "out", true, one_file());
  write_checkpoint(folder / "link" / ".." / "beside", true, one_file());
  CHECK(names_in(folder / "real") == Texts{"out"});
  CHECK(fs::exists(folder / "beside" / "model.safetensors"));
}

TEST_CASE("files that are replaced keep their other links") {
  const Folder folder;
  put(folder / "out" / "model.safetensors", "old");
  fs::create_hard_link(folder / "out" / "model.safetensors", folder / "backup");
  write_checkpoint(folder / "out", true, one_file());
  CHECK(contents(folder / "backup") == "old");
}

TEST_CASE("leftovers keep their other links") {
  const Folder folder;
  leave(folder / "x.safetensors", {"."}, "half");
  fs::create_hard_link(folder / "x.safetensors.partial/x.safetensors", folder / "mine");
  write_checkpoint(folder / "x.safetensors", false, one_file());
  CHECK(contents(folder / "mine") == "half");
}

TEST_CASE("one run at a time") {
  const Folder folder;
  for (const bool is_directory : {true, false}) {
    const fs::path out = folder / (is_directory ? "out" : "out.safetensors");
    auto first = stage_output(out, is_directory, one_file());
    REQUIRE(first.has_value());
    CHECK(code_of(stage_output(out, is_directory, one_file())) == Code::destination_busy);
    fill(*first, one_file());
    REQUIRE(first->commit().has_value());
    CHECK(data_of(out) == "aaaabbbb");
  }
}

TEST_CASE("many runs at once: those that get the place succeed, one after the other") {
  const Folder folder;
  std::vector<std::thread> threads;
  std::array<int, 4> committed{};
  for (std::size_t t = 0; t < committed.size(); ++t) {
    threads.emplace_back([&, t] {
      const CheckpointLayout layout = two_shards();
      const std::string data(8, static_cast<char>('0' + t));
      for (int round = 0; round < 50; ++round) {
        auto output = stage_output(folder / "out", true, layout, may_replace);
        if (!output) continue;
        for (const TensorPlace& place : layout.places) {
          if (!output->write(place.file, place.offset, std::as_bytes(std::span(data)).first(4))) return;
        }
        if (output->commit()) ++committed[t];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(committed[0] + committed[1] + committed[2] + committed[3] > 0);
  CHECK(names_in(folder.path()) == Texts{"out"});
  CHECK(names_in(folder / "out") == shards);
  const std::string data = data_of(folder / "out");
  CHECK(data == std::string(8, data.front()));
}

TEST_CASE("leftovers of a killed run are taken over") {
  const Folder folder;
  leave(folder / "out", {"model-00001-of-00007.safetensors", "model.safetensors.index.json", "a folder/config.json"},
        std::string(100'000, 'x'));
  write_checkpoint(folder / "out", true, two_shards());
  CHECK(names_in(folder / "out") == shards);

  leave(folder / "x.safetensors", {"."}, std::string(100'000, 'x'));
  write_checkpoint(folder / "x.safetensors", false, one_file());
  CHECK(fs::file_size(folder / "x.safetensors") == one_file().files.front().size);

  // Of a directory by a file of that name, and the other way round.
  leave(folder / "y.safetensors", {"model.safetensors"}, "half");
  write_checkpoint(folder / "y.safetensors", false, one_file());
  leave(folder / "z.safetensors", {"."}, "half");
  write_checkpoint(folder / "z.safetensors", true, one_file());
  CHECK(names_in(folder / "z.safetensors") == Texts{"model.safetensors"});

  // Killed before its journal had its name, or was whole.
  fs::create_directory(folder / "early.partial");
  write_checkpoint(folder / "early", true, one_file());
  put(folder / "later.partial" / new_journal_file_name, "omap jour");
  write_checkpoint(folder / "later", true, one_file());
  CHECK(names_in(folder.path()) == Texts{"early", "later", "out", "x.safetensors", "y.safetensors", "z.safetensors"});
}

TEST_CASE("files that no run has made are never removed") {
  const Folder folder;
  const auto refuses = [&](const std::string& name, bool is_directory) {
    const auto refused = stage_output(folder / name, is_directory, one_file());
    return code_of(refused) == Code::destination_exists &&
           refused.error().front().message.find("is in the way") != std::string::npos;
  };
  // They have the names that a run gives; nothing says that one has.
  put(folder / "out.partial" / "model.safetensors", "mine");
  put(folder / "out.partial" / "notes.json", "mine");
  CHECK(refuses("out", true));
  CHECK(names_in(folder / "out.partial") == Texts{"model.safetensors", "notes.json"});
  put(folder / "in.partial" / "in" / "model.safetensors", "mine");
  CHECK(refuses("in", true));
  CHECK(contents(folder / "in.partial" / "in" / "model.safetensors") == "mine");
  put(folder / "other.partial" / journal_file_name, "omap journal 99\n");
  CHECK(refuses("other", true));
  CHECK(contents(folder / "other.partial" / journal_file_name) == "omap journal 99\n");

  for (const std::string_view name : {"file.safetensors.partial", "file.partial"})
    put(folder / std::string(name), "mine");
  CHECK(refuses("file.safetensors", false));
  CHECK(refuses("file", true));
  CHECK(contents(folder / "file.safetensors.partial") == "mine");
  CHECK(contents(folder / "file.partial") == "mine");
  REQUIRE(::mkfifo((folder / "pipe.partial").c_str(), 0600) == 0);
  CHECK(refuses("pipe", false));
  CHECK(fs::exists(folder / "pipe.partial"));

  // Put among what a run left, or beside it.
  for (const std::string name : {"model.safetensors", "folder/thesis.tex"}) {
    CAPTURE(name);
    leave(folder / "left", {"model-00001-of-00002.safetensors"}, "half");
    put(folder / "left.partial/left" / name, "mine");
    CHECK(refuses("left", true));
    CHECK(contents(folder / "left.partial/left" / name) == "mine");
    CHECK(contents(folder / "left.partial/left/model-00001-of-00002.safetensors") == "half");
    CHECK(read_journal(folder / "left.partial").has_value());
    fs::remove_all(folder / "left.partial");
  }
  leave(folder / "left", {"model.safetensors"}, "half");
  put(folder / "left.partial/model.safetensors", "mine");
  CHECK(refuses("left", true));
  CHECK(contents(folder / "left.partial/model.safetensors") == "mine");
}

TEST_CASE("a destination that appears meanwhile is not replaced") {
  const Folder folder;
  for (const bool is_directory : {true, false}) {
    const fs::path out = folder / (is_directory ? "out" : "out.safetensors");
    {
      auto output = stage_output(out, is_directory, one_file());
      REQUIRE(output.has_value());
      put(is_directory ? out / "mine" : out, "mine");
      CHECK(code_of(output->commit()) == Code::destination_exists);
    }
    CHECK(contents(is_directory ? out / "mine" : out) == "mine");
  }
  CHECK(names_in(folder.path()) == Texts{"out", "out.safetensors"});
}

TEST_CASE("staging files that vanish are noticed before anything is replaced") {
  const Folder folder;
  write_checkpoint(folder / "out", true, two_shards(), "11112222");
  auto output = stage_output(folder / "out", true, two_shards(), may_replace);
  REQUIRE(output.has_value());
  fs::remove(folder / "out.partial/out" / shards[1]);
  put(folder / "out.partial/out" / shards[1], "of another run");
  CHECK(code_of(output->commit()) == Code::write_failed);
  CHECK(data_of(folder / "out") == "11112222");
}

TEST_CASE("a commit that fails after old files are gone keeps the new ones") {
  const Folder folder;
  write_checkpoint(folder / "out", true, two_shards(), "11112222");
  {
    auto output = stage_output(folder / "out", true, two_shards(), may_replace);
    REQUIRE(output.has_value());
    fill(*output, two_shards());
    fs::create_directory(folder / "out" / "model-9-of-9.safetensors");
    const auto failed = output->commit();
    CHECK(code_of(failed) == Code::write_failed);
    CHECK(failed.error().front().notes ==
          Texts{fmt::format("the new files are in `{}`", (folder / "out.partial/out").string())});
  }
  CHECK(names_in(folder / "out.partial/out") == shards);
  CHECK(names_in(folder / "out") == Texts{"model-9-of-9.safetensors"});
  CHECK(data_of(folder / "out.partial/out") == "aaaabbbb");
}

TEST_CASE("a commit that fails between two old indexes keeps the new files") {
  const Folder folder;
  const fs::path out = folder / "out";
  write_checkpoint(out, true, two_shards(), "11112222");
  {
    auto output = stage_output(out, true, two_shards(), may_replace);
    REQUIRE(output.has_value());
    fill(*output, two_shards());
    fs::create_directory(out / ".metadata");
    CHECK(code_of(output->commit()) == Code::write_failed);
  }
  CHECK_FALSE(fs::exists(out / "model.safetensors.index.json"));
  CHECK(data_of(folder / "out.partial/out") == "aaaabbbb");
}

TEST_CASE("new weights never stand beside a config that they replace") {
  const Folder folder;
  const fs::path out = folder / "out";
  CheckpointLayout layout = one_file();
  layout.files.push_back(text_file("config.json", "new"));
  layout.files.push_back(text_file("generation_config.json", "new"));
  put(out / "config.json", "old");
  put(out / "generation_config.json", "old");
  put(out / "preprocessor_config.json", "old");
  {
    auto output = stage_output(out, true, layout, may_replace);
    REQUIRE(output.has_value());
    fill(*output, layout);
    // What the weights would be renamed to: here the commit stops.
    put(out / "model.safetensors" / "mine", "mine");
    CHECK(code_of(output->commit()) == Code::write_failed);
  }
  CHECK(names_in(out) == Texts{"model.safetensors", "preprocessor_config.json"});
  CHECK(names_in(folder / "out.partial/out") == Texts{"config.json", "generation_config.json", "model.safetensors"});
  fs::remove_all(out / "model.safetensors");
  write_checkpoint(out, true, layout);
  CHECK(contents(out / "config.json") == "new");
  CHECK(contents(out / "generation_config.json") == "new");
  CHECK(contents(out / "preprocessor_config.json") == "old");
  CHECK(data_of(out) == "aaaabbbb");
}

TEST_CASE("too little space is said before anything is made") {
  const Folder folder;
  CheckpointLayout layout = one_file();
  layout.files.front().size = std::uint64_t{1} << 60;
  const auto full = check(folder / "some/place/out", true, false, layout);
  CHECK(code_of(full) == Code::no_space);
  CHECK(full.error().front().message.find(fmt::format("needs {} bytes", layout.total_bytes())) != std::string::npos);
  CHECK(check(folder / "some/place/out", true, false, one_file()).has_value());
  CHECK(names_in(folder.path()).empty());
}

TEST_CASE("what is there is replaced only if asked for") {
  const Folder folder;
  put(folder / "x.safetensors", "");
  fs::create_directory(folder / "out");
  for (const auto& [name, is_directory] : {std::pair("x.safetensors", false), std::pair("out", true)}) {
    CAPTURE(name);
    const auto refused = check(folder / name, is_directory, false, one_file());
    CHECK(code_of(refused) == Code::destination_exists);
    CHECK(refused.error().front().helps.front().find("--force") != std::string::npos);
    CHECK(check(folder / name, is_directory, true, one_file()).has_value());
    // Staging does not rely on the look before it.
    CHECK(code_of(stage_output(folder / name, is_directory, one_file())) == Code::destination_exists);
    CHECK(code_of(stage_output(folder / name, !is_directory, one_file(), may_replace)) == Code::destination_exists);
    CHECK_FALSE(fs::exists(folder / (std::string(name) + ".partial")));
    CHECK(code_of(check(folder / name, !is_directory, true, one_file())) == Code::destination_exists);
  }
  fs::create_directories(folder / "out" / "model.safetensors");
  CHECK(code_of(check(folder / "out", true, true, one_file())) == Code::destination_exists);
  CHECK(code_of(check(folder / "out", true, true, two_shards())) == Code::destination_exists);
  fs::create_symlink("nowhere", folder / "dangling");
  CHECK(code_of(check(folder / "dangling", true, true, one_file())) == Code::destination_exists);
}

TEST_CASE("the source is never written") {
  const Folder folder;
  const fs::path source = folder / "source";
  const fs::path file = source / "model.safetensors";
  put(file, "data");
  const auto against = [&](const fs::path& destination, bool is_directory, const fs::path& from,
                           const std::vector<fs::path>& files) {
    return check_destination(destination, is_directory, {true}, one_file(), from, files);
  };
  const auto in_source = [&](const fs::path& destination, bool is_directory, const fs::path& from) {
    return code_of(against(destination, is_directory, from, {file})) == Code::destination_in_source;
  };
  CHECK(in_source(source, true, source));
  CHECK(in_source(source / "", true, source));
  CHECK(in_source(source / ".." / "source", true, source));
  CHECK(in_source(source / "below" / "out", true, source));
  CHECK(in_source(source / "out.safetensors", false, source));
  CHECK(in_source(file, false, file));
  CHECK(in_source(source, true, file));

  fs::create_directory_symlink("source", folder / "link");
  CHECK(in_source(folder / "link", true, source));
  CHECK(in_source(folder / "link" / "out", true, source));
  CHECK(in_source(source / "out", true, folder / "link"));

  fs::create_directory(folder / "hard");
  fs::create_hard_link(file, folder / "hard" / "model-00001-of-00001.safetensors");
  CHECK(in_source(folder / "hard", true, source));
  fs::create_directory(folder / "soft");
  fs::create_symlink(file, folder / "soft" / "model.safetensors");
  CHECK(in_source(folder / "soft", true, source));
  for (const auto& [name, left, is_directory] :
       {std::tuple("staged", "model.safetensors", true), {"y.safetensors", ".", false}}) {
    leave(folder / name, {left}, "half");
    const fs::path place = (resolve_destination(folder / name).staged / left).lexically_normal();
    const fs::path named = place.has_filename() ? place : place.parent_path();
    fs::remove(named);
    fs::create_hard_link(file, named);
    CHECK(in_source(folder / name, is_directory, source));
  }

  CHECK(against(folder / "source2", true, source, {file}).has_value());
  CHECK(against(folder / "out", true, source, {file}).has_value());
  CHECK(against(source / "out", true, file, {file}).has_value());
  CHECK(contents(file) == "data");
}

TEST_CASE("many threads write") {
  const Folder folder;
  std::vector<OutputTensor> tensors;
  for (int i = 0; i < 64; ++i) tensors.push_back({fmt::format("t{}", i), Dtype::u8, {1000}});
  const CheckpointLayout layout = lay_out_safetensors_directory(tensors, 10'000).value();
  {
    auto output = stage_output(folder / "out", true, layout);
    REQUIRE(output.has_value());
    std::vector<std::thread> threads;
    std::array<int, 4> failures{};
    for (std::size_t t = 0; t < failures.size(); ++t) {
      threads.emplace_back([&, t] {
        for (std::size_t i = t; i < tensors.size(); i += failures.size()) {
          const std::vector<std::byte> bytes(1000, static_cast<std::byte>(i));
          if (!output->write(layout.places[i].file, layout.places[i].offset, bytes)) ++failures[t];
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(failures == std::array<int, 4>{});
    REQUIRE(output->commit().has_value());
  }
  const auto opened = open_checkpoint(folder / "out");
  REQUIRE(opened.has_value());
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const ByteRange at = opened->index().tensors()[opened->index().find(tensors[i].key).value()].bytes;
    std::vector<std::byte> bytes(at.size);
    REQUIRE(opened->read(at.file, at.offset, bytes).has_value());
    CHECK(bytes == std::vector<std::byte>(1000, static_cast<std::byte>(i)));
  }
}
