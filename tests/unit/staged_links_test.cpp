#include "runtime/checkpoint/staged_output.h"

#include <doctest/doctest.h>

#include "tests/unit/staged_checkpoint.h"

using namespace omap;
using namespace omap::test::staged;

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
