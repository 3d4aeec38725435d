#include "compiler/raise/raise.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "compiler/compile.h"
#include "compiler/load_mapping.h"
#include "runtime/plan/invert.h"

namespace {

namespace fs = std::filesystem;
using namespace omap;

/// Every mapping of the tests, the documents' among them, and of the standard library.
std::vector<fs::path> mapping_files() {
  const fs::path root = fs::path(OMAP_FIXTURES) / ".." / "..";
  std::vector<fs::path> files;
  for (const char* folder : {"tests/lang", "tests/format", "stdlib-mappings"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      if (entry.path().extension() == ".omap") files.push_back(entry.path());
    }
  }
  return files;
}

Plan only_plan(const std::string& text) {
  Compilation compiled = compile("raised.omap", text);
  REQUIRE(compiled.plans.size() == 1);
  return without_ranges(std::move(compiled.plans[0]));
}

}  // namespace

TEST_CASE("every mapping reads from the other side, and twice reversed is itself") {
  std::size_t plans = 0;
  for (const fs::path& file : mapping_files()) {
    CAPTURE(file.filename().string());
    for (const Plan& plan : load_file(file.string()).plans) {
      CAPTURE(plan.name);
      ++plans;
      const auto same = raise(plan);
      REQUIRE(same.has_value());
      CHECK(only_plan(*same) == without_ranges(plan));

      const auto inverted = raise(invert(plan));
      REQUIRE(inverted.has_value());
      const Plan other = only_plan(*inverted);
      CHECK(other.left == plan.right);
      CHECK(other == without_ranges(invert(plan)));

      const auto again = raise(invert(other));
      REQUIRE(again.has_value());
      CHECK(only_plan(*again) == without_ranges(plan));
      CHECK(*again == *same);
    }
  }
  CHECK(plans > 150);
}

TEST_CASE("a plan that no text says is refused") {
  Plan plan = only_plan("omap 1\nside a: safetensors\nside b: safetensors\nmapping m: a <-> b {\n  x <-> y\n}\n");
  REQUIRE(raise(plan).has_value());
  plan.left.format.clear();
  const auto text = raise(plan);
  REQUIRE_FALSE(text.has_value());
  CHECK(text.error().front().code == Code::plan_unspeakable);
}
