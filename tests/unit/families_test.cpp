// Every family of OLMo-core that its peers made a checkpoint of, through one file of mappings that extend each other.
#include <doctest/doctest.h>

#include <filesystem>

#include "compiler/driver/commands.h"
#include "compiler/load_mapping.h"
#include "runtime/json/json.h"
#include "runtime/run/compare.h"
#include "tests/unit/checkpoint_folder.h"

namespace {

namespace fs = std::filesystem;
using namespace omap;

const fs::path fixtures = OMAP_FIXTURES;

struct Family {
  std::string folder, mapping;
  /// Tensors that the peer's own result rounds, or names in another way: by direction.
  std::size_t other_to_hf = 0, other_to_olmo_core = 0;
  std::vector<std::string> settings = {};
  /// The mapping has config sections of its own.
  bool config = false;
};

fs::path directory(const CheckpointFolder& folder, const Family& family, const std::string& side) {
  const fs::path made = folder.path() / side;
  fs::create_directory(made);
  fs::copy_file(fixtures / family.folder / "expected" / (side + ".safetensors"), made / "model.safetensors");
  fs::copy_file(fixtures / family.folder / side / "config.json", made / "config.json");
  return made;
}

driver::ExitCode convert(const Family& family, const std::string& from, const std::string& to,
                         std::vector<std::string> settings) {
  driver::Console console;
  console.quiet = true;
  console.json = true;
  driver::RunArguments arguments;
  arguments.mapping = (fixtures.parent_path() / "format/published_models.omap").string() + ":" + family.mapping;
  arguments.from = from;
  arguments.to = to;
  arguments.settings = std::move(settings);
  return driver::run(console, arguments);
}

/// How many tensors are not the same, names included but for a root; some have to be.
std::size_t others(const fs::path& a, const fs::path& b) {
  const auto first = open_checkpoint(a);
  const auto second = open_checkpoint(b);
  REQUIRE(first);
  REQUIRE(second);
  CompareOptions options;
  options.find_root = true;
  const auto found = compare(*first, *second, options);
  REQUIRE(found);
  REQUIRE(found->equal > 20);
  return second->index().tensors().size() - found->equal;
}

Value config_in(const fs::path& directory) {
  const auto text = read_text((directory / "config.json").string());
  REQUIRE(text);
  auto config = parse_json(*text, "config.json");
  REQUIRE(config);
  return std::move(*config);
}

/// Every field that was written is what the peer wrote there.
void check_fields(const Value& made, const Value& wanted, const std::string& path) {
  if (!made.object() || made.object()->empty()) {
    CAPTURE(path);
    CHECK(made == wanted);
    return;
  }
  for (const auto& [name, member] : *made.object()) {
    const Value* other = wanted.member(name);
    CAPTURE(path);
    CAPTURE(name);
    REQUIRE(other != nullptr);
    check_fields(member, *other, path + "." + name);
  }
}

}  // namespace

TEST_CASE("families that extend one another convert both ways, bit for bit, with their configs") {
  const std::vector<Family> families = {
      {"olmo2", "olmo2", 0, 0, {}, true},
      {"olmo3_yarn", "olmo3", 0, 0, {}, true},
      {"llama", "llama"},
      {"flex_olmo", "flex_olmo", 0, 0, {"dropless=false"}, true},
      {"olmo3moe_kda", "olmo3moe", 0, 0, {}, true},
      // (w + 1) - 1 is not w: the peer's file holds what was there before.
      {"gemma3_text", "gemma3_text", 1, 0},
      {"qwen3_5_text", "qwen3_5_text", 13, 0},
      // The mapping writes what Transformers loads, `o_proj` and `o_norm`, and reads what OLMo-core writes too.
      {"olmo_hybrid", "olmo_hybrid", 8, 0},
  };
  for (const Family& family : families) {
    CAPTURE(family.folder);
    CheckpointFolder folder;
    const fs::path olmo_core = directory(folder, family, "olmo_core");
    const fs::path hf = directory(folder, family, "hf");
    const fs::path to_hf = folder.path() / "to_hf";
    const fs::path to_olmo_core = folder.path() / "to_olmo_core";
    REQUIRE(convert(family, "olmo_core=" + olmo_core.string(), "hf=" + to_hf.string(), {}) == driver::done);
    REQUIRE(convert(family, "hf=" + hf.string(), "olmo_core=" + to_olmo_core.string(), family.settings) ==
            driver::done);
    CHECK(others(to_hf, hf) == family.other_to_hf);
    CHECK(others(to_olmo_core, olmo_core) == family.other_to_olmo_core);
    REQUIRE(fs::exists(to_hf / "config.json"));
    if (family.config) check_fields(config_in(to_hf), config_in(hf), "hf");
  }
}
