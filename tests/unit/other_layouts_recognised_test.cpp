// Which standard mapping is taken for a checkpoint between layouts other than OLMo-core's.
#include <doctest/doctest.h>

#include <filesystem>
#include <set>

#include "compiler/driver/recognise.h"
#include "tests/unit/checkpoint_folder.h"

namespace {

namespace fs = std::filesystem;
using namespace omap;

const fs::path transformers = fs::path(OMAP_FIXTURES) / "transformers";

/// A directory with these weights, and with the config if it is one.
fs::path directory(const CheckpointFolder& folder, const fs::path& weights, const fs::path& config) {
  static int made = 0;
  const fs::path path = folder.path() / fmt::format("made{}", made++);
  fs::create_directory(path);
  fs::create_symlink(weights, path / "model.safetensors");
  if (!config.empty()) fs::create_symlink(config, path / "config.json");
  return path;
}

/// The name of the mapping that is found, or what the error begins with.
std::string recognised(const std::string& side, const fs::path& path, const std::string& to,
                       const std::vector<std::string>& settings = {}) {
  const LoadedMapping loaded = driver::recognise({side, path}, driver::SidePath{to, "out"}, settings).mapping;
  if (loaded.plan) return loaded.plan->name;
  REQUIRE_FALSE(loaded.diagnostics.empty());
  const std::string& message = loaded.diagnostics.front().message;
  return message.substr(0, message.find(' '));
}

}  // namespace

TEST_CASE("the other layouts are recognised, with a config and by their keys alone") {
  const CheckpointFolder folder;
  for (const std::string family : {"mixtral", "qwen3_moe", "deepseek_v3", "gpt2"}) {
    CAPTURE(family);
    const fs::path at = transformers / family;
    for (const fs::path& config : {at / "config.json", fs::path()}) {
      CHECK(recognised("hf", directory(folder, at / "hub.safetensors", config), "in_memory") == family);
      CHECK(recognised("in_memory", directory(folder, at / "modules.safetensors", config), "hf") == family);
    }
  }
  const fs::path gpt2 = transformers / "gpt2", meta = transformers / "meta_llama";
  CHECK(recognised("hf", directory(folder, gpt2 / "hub.safetensors", {}), "split") == "gpt2_split");
  CHECK(recognised("meta", meta / "consolidated.00.pth", "hf") == "meta_llama");
  const fs::path llama = directory(folder, meta / "hub.safetensors", meta / "config.json");
  for (const auto& [side, mapping] : {std::pair{"meta", "meta_llama"}, {"megatron", "megatron"}, {"vllm", "vllm"}}) {
    CHECK(recognised("hf", llama, side) == mapping);
  }
}

TEST_CASE("no checkpoint is taken for two layouts, nor a family for one that it has not") {
  const CheckpointFolder folder;
  const std::set<std::pair<std::string, std::string>> right = {
      {"llama", "megatron"}, {"llama", "vllm"}, {"olmo2", "olmo"}, {"olmo2", "vllm"}};
  std::set<std::pair<std::string, std::string>> found;
  for (const std::string family : {"llama", "olmo2", "flex_olmo", "gemma3_text", "olmo_hybrid"}) {
    const fs::path at = fs::path(OMAP_FIXTURES) / family;
    for (const std::string side : {"vllm", "megatron", "olmo"}) {
      CAPTURE(family);
      CAPTURE(side);
      const std::string name =
          recognised("hf", directory(folder, at / "expected/hf.safetensors", at / "hf/config.json"), side);
      CHECK(name != "several");
      if (name != "no") found.emplace(family, side);
    }
  }
  CHECK(found == right);
}

TEST_CASE("keys alone tell the other layouts apart from one another") {
  const CheckpointFolder folder;
  for (const std::string family : {"llama", "olmo2"}) {
    const fs::path weights = fs::path(OMAP_FIXTURES) / family / "expected/hf.safetensors";
    CHECK(recognised("hf", directory(folder, weights, {}), "vllm") == "vllm");
    CHECK(recognised("hf", directory(folder, weights, {}), "olmo") == (family == "olmo2" ? "olmo" : "no"));
  }
}
