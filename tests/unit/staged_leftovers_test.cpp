#include "runtime/checkpoint/staged_output.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <array>
#include <thread>

#include "runtime/checkpoint/staging_journal.h"
#include "tests/unit/staged_checkpoint.h"

using namespace omap;
using namespace omap::test::staged;

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
