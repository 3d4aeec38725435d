// Checkpoints that other programs made, through tensor dictionaries: the results are theirs, bit for bit.
#include <atomic>
#include <chrono>
#include <filesystem>
#include <optional>
#include <thread>

#include "runtime/json/json.h"
#include "runtime/torch/state_file.h"
#include "tests/torch/tensor_tests.h"
#include "tests/unit/standard_families.h"

namespace {

namespace fs = std::filesystem;
using namespace omap;
using namespace omap::test;

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

/// Tensors that the peer's own result rounds, has twice, or names in another way.
std::size_t others_to_hf(const std::string& folder) {
  // The head of a tied model is written once.
  if (folder == "gemma3_text" || folder == "olmo2_tied") return 1;
  // (w + 1) - 1 is not w: the peer's file holds what was there before.
  if (folder == "qwen3_5_text") return 13;
  // The mapping writes what Transformers loads, `o_proj` and `o_norm`, and reads what OLMo-core writes too.
  if (folder == "olmo_hybrid") return 8;
  return 0;
}

}  // namespace

TEST_CASE("every family converts both ways, bit for bit") {
  for (const Family& family : standard_families()) {
    CAPTURE(family.folder);
    const fs::path folder = fixtures / family.folder;
    const Plan plan = standard_plan(family.mapping);
    const StateDict olmo_core = value_of(read_state(folder / "expected" / "olmo_core.safetensors"));
    const StateDict hf = value_of(read_state(folder / "expected" / "hf.safetensors"));
    const StateConverter to_hf(plan, Direction::right, configs_of(folder / "olmo_core"));
    const StateConverter to_olmo_core(plan, Direction::left, configs_of(folder / "hf"));
    // The peer's state has all rows of the vocabulary.
    const Bounds all_rows = {{"vocab", olmo_core.find("embeddings.weight")->size(0)}};
    Bounds told;
    if (family.mapping == "flex_olmo") told = {{"dropless", family.folder == "flex_olmo_dropless"}};
    for (const auto views : {ConvertOptions::Views::never, ConvertOptions::Views::allowed}) {
      const StateDict made_hf = value_of(to_hf.convert(olmo_core, all_rows, StateType::weight, {.views = views}));
      REQUIRE(others(made_hf, hf) == others_to_hf(family.folder));
      const StateDict made = value_of(to_olmo_core.convert(hf, told, StateType::weight, {.views = views}));
      REQUIRE(others(made, olmo_core) == 0);
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

TEST_CASE("a checkpoint that changes while it is read is noticed") {
  const CheckpointFolder scratch;
  const fs::path path = scratch.path() / "state.safetensors";
  REQUIRE(write_state(state_of_entries({{"t", at::zeros({4096, 4096}, at::kFloat)}}), path).has_value());
  std::atomic<bool> is_read = false;
  std::thread writer([&] {
    for (auto time = fs::last_write_time(path); !is_read; time += std::chrono::microseconds(1)) {
      fs::last_write_time(path, time);
    }
  });
  // A busy machine may let the writer wait for the whole of a reading, but not for many.
  std::optional<Result<StateDict>> read;
  for (int i = 0; i < 50 && (!read || *read); ++i) read = read_state(path);
  is_read = true;
  writer.join();
  REQUIRE(code_of(*read) == Code::source_changed);
}
