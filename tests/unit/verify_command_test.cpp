// `olmoc verify` on the checkpoints that its peers made.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>

#include "compiler/driver/commands.h"
#include "tests/unit/conversion.h"

namespace {

namespace fs = std::filesystem;
using namespace omap;

const fs::path fixtures = OMAP_FIXTURES;

driver::ExitCode verify(const std::string& mapping, const std::string& from, std::optional<std::string> to) {
  driver::Console console;
  console.quiet = true;
  console.json = true;
  return driver::verify(console, {mapping, from, std::move(to), {}});
}

std::string write_mapping(const CheckpointFolder& folder, const std::string& rules) {
  const fs::path path = folder.path() / "made.omap";
  std::ofstream(path) << test::two_sides << "mapping m: a <-> b {\n" << rules << "\n}\n";
  return path.string();
}

/// Temporary files of the program go to a folder of the test's for a while.
class OwnTemporaries {
 public:
  explicit OwnTemporaries(const fs::path& path) {
    if (const char* set = std::getenv("TMPDIR")) before_ = set;
    ::setenv("TMPDIR", path.c_str(), 1);
  }
  OwnTemporaries(const OwnTemporaries&) = delete;
  OwnTemporaries& operator=(const OwnTemporaries&) = delete;
  ~OwnTemporaries() { before_ ? ::setenv("TMPDIR", before_->c_str(), 1) : ::unsetenv("TMPDIR"); }

 private:
  std::optional<std::string> before_;
};

}  // namespace

TEST_CASE("what the peers made of a checkpoint is what the mapping gives, both ways") {
  for (const auto& [family, mapping] : {std::pair{"olmo2", "std:olmo2"}, {"llama", "std:llama"}}) {
    CAPTURE(family);
    const std::string ours = "olmo_core=" + (fixtures / family / "expected/olmo_core.safetensors").string();
    const std::string theirs = "hf=" + (fixtures / family / "expected/hf.safetensors").string();
    CHECK(verify(mapping, ours, theirs) == driver::done);
    CHECK(verify(mapping, theirs, ours) == driver::done);
    CHECK(verify(mapping, ours, "hf=" + ours.substr(ours.find('=') + 1)) == driver::wrong_input);
    CHECK(verify(mapping, ours, std::nullopt) == driver::done);
    CHECK(verify(mapping, theirs, std::nullopt) == driver::done);
  }
}

TEST_CASE("a distributed checkpoint is compared under its side's root, without the optimizer") {
  const std::string checkpoint = "olmo_core=" + (fixtures / "formats/olmo2_fsdp2/checkpoint").string();
  CHECK(verify("std:olmo2", checkpoint, std::nullopt) == driver::done);
  CHECK(verify("std:olmo2", "hf=" + (fixtures / "olmo2/expected/hf.safetensors").string(), checkpoint) ==
        driver::wrong_input);
}

TEST_CASE("a round trip takes no dtype: what is cast does not come back") {
  driver::Console console;
  console.quiet = true;
  const std::string source = "hf=" + (fixtures / "llama/expected/hf.safetensors").string();
  driver::VerifyArguments arguments{"std:llama", source, {}, {}};
  CHECK(driver::verify(console, arguments) == driver::done);
  arguments.dtype = "bf16";
  CHECK(driver::verify(console, arguments) == driver::wrong_usage);
}

TEST_CASE("a round trip tells what is rounded, and leaves nothing behind") {
  const CheckpointFolder folder, temporaries;
  const OwnTemporaries own(temporaries.path());
  const auto numbers = test::tensor_of<float>("x", Dtype::f32, {3}, {1.0F, 2.0F, 1.0F / 3});
  const std::string source = "a=" + folder.write("x.safetensors", {numbers}).string();
  CHECK(verify(write_mapping(folder, "x <-> y"), source, std::nullopt) == driver::done);
  CHECK(fs::is_empty(temporaries.path()));
  CHECK(verify(write_mapping(folder, "x as f32 <-> y as bf16"), source, std::nullopt) == driver::wrong_input);
  CHECK(fs::is_empty(temporaries.path()));
  const auto whole = test::tensor_of<float>("x", Dtype::f32, {3}, {1.0F, 2.0F, 0.5F});
  const std::string exact = "a=" + folder.write("whole.safetensors", {whole}).string();
  CHECK(verify(write_mapping(folder, "x as f32 <-> y as bf16"), exact, std::nullopt) == driver::done);
}

TEST_CASE("wrong uses of verify, and comparisons of nothing, are errors") {
  const CheckpointFolder folder;
  const std::string empty = folder.write("empty.safetensors", {}).string();
  CHECK(verify("std:olmo2", "olmo_core", "hf=x") == driver::wrong_usage);
  CHECK(verify("std:olmo2", "olmo_core=x", "hf") == driver::wrong_usage);
  CHECK(verify("std:olmo2", "olmo_core=/nonexistent", std::nullopt) == driver::wrong_input);
  const std::string nothing = write_mapping(folder, "index i in 0..0\n x.{i} <-> y.{i}");
  CHECK(verify(nothing, "a=" + empty, "b=" + empty) == driver::wrong_input);
  driver::Console console;
  console.json = true;
  CHECK(driver::diff(console, {empty, empty, {}, {}}) == driver::wrong_input);
  for (const double tolerance : {-1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    CHECK(driver::diff(console, {empty, empty, tolerance, {}}) == driver::wrong_usage);
    CHECK(driver::diff(console, {empty, empty, 1, tolerance}) == driver::wrong_usage);
  }
}
