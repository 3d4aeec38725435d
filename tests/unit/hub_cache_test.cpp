// A Hugging Face cache, in which every file of a checkpoint is a link: snapshots/REVISION/NAME -> ../../blobs/HASH.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "compiler/driver/commands.h"
#include "tests/unit/format_fixtures.h"

using namespace omap;
using namespace omap::test;

namespace {

const fs::path fixtures = OMAP_FIXTURES;

driver::Console quiet() {
  driver::Console console;
  console.quiet = true;
  return console;
}

/// The snapshot of a checkpoint's directory in a cache of its own.
fs::path cached(const TestFolder& folder, const fs::path& checkpoint) {
  const fs::path cache = folder.path() / "models--a--b";
  fs::create_directories(cache / "blobs");
  fs::create_directories(cache / "snapshots" / "0123");
  int number = 0;
  for (const auto& entry : fs::directory_iterator(checkpoint)) {
    const std::string blob = "blob" + std::to_string(number++);
    fs::copy_file(entry.path(), cache / "blobs" / blob);
    fs::create_symlink(fs::path("../../blobs") / blob, cache / "snapshots" / "0123" / entry.path().filename());
  }
  return cache / "snapshots" / "0123";
}

/// What lies in a folder and below it: names, whether they are links, and contents.
std::vector<std::string> everything_in(const fs::path& folder) {
  std::vector<std::string> all;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const bool is_file = entry.is_regular_file() && !entry.is_symlink();
    all.push_back(entry.path().string() + (entry.is_symlink() ? " -> " + fs::read_symlink(entry.path()).string() : "") +
                  (is_file ? ": " + read_bytes(entry.path()) : ""));
  }
  std::ranges::sort(all);
  return all;
}

}  // namespace

TEST_CASE("checkpoints of links open like the files that they name") {
  for (const fs::path& checkpoint :
       {fixtures / "olmo2" / "hf", formats / "safetensors" / "sharded", formats / "dcp_stock" / "checkpoint"}) {
    const TestFolder folder;
    check_reads(cached(folder, checkpoint), checkpoint);
  }
}

TEST_CASE("a checkpoint of links is converted, and stays as it is") {
  const fs::path checkpoint = fixtures / "olmo2" / "hf";
  const TestFolder cache;
  const fs::path snapshot = cached(cache, checkpoint);
  const auto before = everything_in(cache.path());
  const TestFolder out;
  const auto convert = [&](const fs::path& from, const std::string& to) {
    driver::RunArguments run;
    run.mapping = "std:olmo2";
    run.from = "hf=" + from.string();
    run.to = "olmo_core=" + (out.path() / to).string();
    CHECK(driver::run(quiet(), run) == driver::done);
    return out.path() / to;
  };
  check_reads(convert(snapshot, "of_links"), convert(checkpoint, "of_files"));
  CHECK(everything_in(cache.path()) == before);
}
