#include "runtime/checkpoint/staged_output.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "runtime/checkpoint/written_names.h"
#include "tests/unit/staged_checkpoint.h"

using namespace omap;
using namespace omap::test::staged;

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
