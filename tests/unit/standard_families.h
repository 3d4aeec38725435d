#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "compiler/driver/commands.h"
#include "compiler/load_mapping.h"
#include "runtime/json/json.h"
#include "tests/unit/checkpoint_folder.h"

namespace omap::test {

/// A family as the peers made a checkpoint of it, and the standard mapping for it.
struct Family {
  /// In tests/fixtures.
  std::string folder;
  /// `std:NAME`.
  std::string mapping;
  /// What an import has to be told.
  std::vector<std::string> import_settings = {};
};

inline const std::vector<Family>& standard_families() {
  static const std::vector<Family> families = {
      {"olmo2", "olmo2"},
      {"olmo2_headdim", "olmo2"},
      {"olmo2_tied", "olmo2"},
      {"olmo3", "olmo3"},
      {"olmo3_yarn", "olmo3"},
      {"olmo3_llama3rope", "olmo3"},
      {"flex_olmo", "flex_olmo", {"dropless=false"}},
      {"flex_olmo_dropless", "flex_olmo", {"dropless=true"}},
      {"llama", "llama"},
      {"qwen3", "qwen3"},
      {"gemma3_text", "gemma3_text"},
      {"qwen3_5_text", "qwen3_5"},
      {"olmo_hybrid", "olmo_hybrid"},
      {"olmo3moe", "olmo3moe"},
      {"olmo3moe_kda", "olmo3moe"},
  };
  return families;
}

inline const std::filesystem::path fixtures = OMAP_FIXTURES;

inline Plan standard_plan(const std::string& name) {
  auto loaded = load_mapping("std:" + name);
  REQUIRE(loaded.plan);
  return std::move(*loaded.plan);
}

inline Value json_file(const std::filesystem::path& path) {
  const auto text = read_text(path.string());
  REQUIRE(text);
  auto value = parse_json(*text, path.string());
  REQUIRE(value);
  return std::move(*value);
}

/// The directory of a side as it would stand on a disk: the peer's tensors and configs, and the tokenizer's config.
inline std::filesystem::path directory_of(const CheckpointFolder& folder, const Family& family,
                                          const std::string& side) {
  namespace fs = std::filesystem;
  const fs::path made = folder.path() / side;
  fs::create_directory(made);
  const fs::path from = fixtures / family.folder;
  fs::copy_file(from / "expected" / (side + ".safetensors"), made / "model.safetensors");
  for (const fs::path& file : {fs::path(side) / "config.json", fs::path(side) / "generation_config.json",
                               fs::path(side == "hf" ? "" : "tokenizer") / "tokenizer_config.json"}) {
    if (fs::exists(from / file)) fs::copy_file(from / file, made / file.filename());
  }
  return made;
}

/// `from` and `to` are SIDE=PATH. An empty mapping is for `olmoc run` to recognise.
inline driver::ExitCode convert(const std::string& mapping, const std::string& from, const std::string& to,
                                const std::vector<std::string>& settings = {}) {
  driver::Console console;
  console.quiet = true;
  driver::RunArguments arguments;
  arguments.mapping = mapping;
  arguments.from = from;
  arguments.to = to;
  arguments.settings = settings;
  return driver::run(console, arguments);
}

}  // namespace omap::test
