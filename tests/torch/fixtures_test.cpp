// Checkpoints that other programs made, through tensor dictionaries: the results are theirs, bit for bit.
#include <filesystem>

#include "compiler/load_mapping.h"
#include "runtime/json/json.h"
#include "runtime/torch/state_file.h"
#include "tests/torch/tensor_tests.h"
#include "tests/unit/checkpoint_folder.h"

namespace {

namespace fs = std::filesystem;
using namespace omap;
using namespace omap::test;

const fs::path fixtures = OMAP_FIXTURES;

struct Family {
  std::string folder, mapping;
  /// Tensors that the peer's own result rounds, or names in another way.
  std::size_t other_to_hf = 0, other_to_olmo_core = 0;
  /// What an import has to be told.
  Bounds bounds = {};
};

Plan plan_of_family(const std::string& mapping) {
  auto loaded = load_mapping((fixtures.parent_path() / "format/published_models.omap").string() + ":" + mapping);
  REQUIRE(loaded.plan.has_value());
  return std::move(*loaded.plan);
}

Configs configs_of(const fs::path& directory) {
  const auto text = read_text((directory / "config.json").string());
  REQUIRE(text.has_value());
  return {{"config.json", value_of(parse_json(*text, "config.json"))}};
}

std::size_t others(const StateDict& made, const StateDict& wanted) {
  std::size_t equal = 0;
  for (const auto& [key, tensor] : wanted) equal += made.contains(key) && identical(*made.find(key), tensor);
  REQUIRE(equal > 20);
  return wanted.size() - equal;
}

}  // namespace

TEST_CASE("every family converts both ways, bit for bit") {
  const std::vector<Family> families = {
      {"olmo2", "olmo2"},
      {"olmo3_yarn", "olmo3"},
      {"llama", "llama"},
      {"flex_olmo", "flex_olmo", 0, 0, {{"dropless", false}}},
      {"olmo3moe_kda", "olmo3moe"},
      // (w + 1) - 1 is not w: the peer's file holds what was there before.
      {"gemma3_text", "gemma3_text", 1, 0},
      {"qwen3_5_text", "qwen3_5_text", 13, 0},
      // The mapping writes what Transformers loads, `o_proj` and `o_norm`, and reads what OLMo-core writes too.
      {"olmo_hybrid", "olmo_hybrid", 8, 0},
  };
  for (const Family& family : families) {
    CAPTURE(family.folder);
    const fs::path folder = fixtures / family.folder;
    const Plan plan = plan_of_family(family.mapping);
    const StateDict olmo_core = value_of(read_state(folder / "expected" / "olmo_core.safetensors"));
    const StateDict hf = value_of(read_state(folder / "expected" / "hf.safetensors"));
    const StateConverter to_hf(plan, Direction::right, configs_of(folder / "olmo_core"));
    const StateConverter to_olmo_core(plan, Direction::left, configs_of(folder / "hf"));
    for (const auto views : {ConvertOptions::Views::never, ConvertOptions::Views::allowed}) {
      const StateDict made_hf = value_of(to_hf.convert(olmo_core, {}, StateType::weight, {.views = views}));
      REQUIRE(others(made_hf, hf) == family.other_to_hf);
      const StateDict made = value_of(to_olmo_core.convert(hf, family.bounds, StateType::weight, {.views = views}));
      REQUIRE(others(made, olmo_core) == family.other_to_olmo_core);
    }
  }
}

TEST_CASE("a state is written as a checkpoint and read back") {
  const CheckpointFolder scratch;
  const fs::path folder = scratch.path() / "state";
  const StateDict state = state_of_entries({{"t", counted({5, 4}).t()},
                                            {"s", at::full({}, 2.5, at::kDouble)},
                                            {"e", at::empty({0, 3}, at::kBFloat16)},
                                            {"zero", at::_efficientzerotensor({3}, at::kFloat)},
                                            {"row", counted({1, 4}).expand({3, 4})}});
  REQUIRE(write_state(state, folder).has_value());
  REQUIRE(code_of(write_state(state, folder)) == Code::destination_exists);
  REQUIRE(write_state(state, folder, {.replace = true, .max_shard_bytes = 100}).has_value());
  const StateDict back = value_of(read_state(folder));
  REQUIRE(back.size() == state.size());
  for (const auto& [key, tensor] : state) REQUIRE(identical(*back.find(key), tensor));
  REQUIRE(code_of(read_state(folder / "nothing")) == Code::not_found);
}
