// The standard mappings, held against what the peers wrote: tensors bit for bit, configs field by field.
#include <algorithm>
#include <set>

#include "tests/unit/compared.h"
#include "tests/unit/standard_families.h"

namespace {

namespace fs = std::filesystem;
using namespace omap;
using namespace omap::test;

using Names = std::set<std::string>;

/// Keys of tensors that are not the same in both, or in one only.
Names others(const fs::path& a, const fs::path& b) {
  const Comparison found = compared(a, b);
  REQUIRE(found.equal > 20);
  Names names(found.only_a.begin(), found.only_a.end());
  names.insert(found.only_b.begin(), found.only_b.end());
  for (const auto& difference : found.dtypes) names.insert(difference.key);
  for (const auto& difference : found.shapes) names.insert(difference.key);
  for (const auto& difference : found.bits) names.insert(difference.key);
  return names;
}

/// `blocks.{}.norm`, of `blocks.3.norm`.
Names folded(const Names& names) {
  Names folded;
  for (const std::string& name : names) {
    std::string text;
    for (const char c : name) {
      if (c < '0' || c > '9') {
        text += c;
      } else if (text.empty() || text.back() != '}') {
        text += text.ends_with('.') ? "{}" : std::string(1, c);
      }
    }
    folded.insert(text);
  }
  return folded;
}

/// Paths of fields whose values differ, numbers compared as such, with `-` or `+` before those that only the peer or
/// only omap wrote.
void add_differences(const Value& made, const Value& wanted, const std::string& path, Names& names) {
  if (!made.object() || !wanted.object()) {
    if (!(made == wanted)) names.insert(path);
    return;
  }
  const auto inside = [&](const std::string& name) { return path.empty() ? name : path + "." + name; };
  for (const auto& [name, member] : *wanted.object()) {
    if (!made.member(name)) names.insert("-" + inside(name));
  }
  for (const auto& [name, member] : *made.object()) {
    const Value* other = wanted.member(name);
    if (!other) {
      names.insert("+" + inside(name));
    } else {
      add_differences(member, *other, inside(name), names);
    }
  }
}

Names config_differences(const fs::path& made, const fs::path& wanted, const std::string& file) {
  Names names;
  REQUIRE(fs::exists(made / file));
  add_differences(json_file(made / file), json_file(wanted / file), "", names);
  return names;
}

Names together(Names names, const Names& more) {
  names.insert(more.begin(), more.end());
  return names;
}

}  // namespace

TEST_CASE("every family converts both ways, bit for bit") {
  for (const Family& family : standard_families()) {
    CAPTURE(family.folder);
    const CheckpointFolder folder;
    const fs::path olmo_core = directory_of(folder, family, "olmo_core");
    const fs::path hf = directory_of(folder, family, "hf");
    const fs::path to_hf = folder.path() / "to_hf";
    const fs::path to_olmo_core = folder.path() / "to_olmo_core";
    const std::string mapping = "std:" + family.mapping;
    const bool padded = family.folder == "olmo2" || family.folder == "olmo_hybrid";
    const std::vector<std::string> all_rows =
        padded ? std::vector<std::string>{family.folder == "olmo2" ? "vocab=72" : "vocab=75"}
               : std::vector<std::string>{};
    REQUIRE(convert(mapping, "olmo_core=" + olmo_core.string(), "hf=" + to_hf.string(), all_rows) == driver::done);
    REQUIRE(convert(mapping, "hf=" + hf.string(), "olmo_core=" + to_olmo_core.string(), family.import_settings) ==
            driver::done);
    CHECK(others(to_olmo_core, olmo_core).empty());

    Names expected;
    // A tied head is written once, where the peer's state has it twice.
    if (family.folder == "olmo2_tied" || family.folder == "gemma3_text") expected = {"lm_head.weight"};
    // What Transformers loads, and not what OLMo-core writes.
    if (family.folder == "olmo_hybrid") {
      const std::string net = "model.layers.{}.linear_attn.";
      expected = {net + "o_proj.weight", net + "o_norm.weight", net + "out_proj.weight", net + "norm.weight"};
    }
    // OLMo-core does not export this family: the peer's is the state that was imported, and (w + 1) - 1 is not w.
    if (family.folder == "qwen3_5_text") {
      const std::string layer = "model.layers.{}.";
      expected = {"model.norm.weight", layer + "input_layernorm.weight", layer + "post_attention_layernorm.weight",
                  layer + "self_attn.q_norm.weight", layer + "self_attn.k_norm.weight"};
    }
    CHECK(folded(others(to_hf, hf)) == expected);
  }
}

TEST_CASE("without a mapping the family is recognised, by its config") {
  for (const Family& family : standard_families()) {
    for (const std::string side : {"olmo_core", "hf"}) {
      CAPTURE(family.folder);
      CAPTURE(side);
      const CheckpointFolder folder;
      const fs::path source = directory_of(folder, family, side);
      const bool exports = side == "olmo_core";
      const std::string to = exports ? "hf" : "olmo_core";
      const auto settings = exports ? std::vector<std::string>() : family.import_settings;
      const fs::path named = folder.path() / "named", recognised = folder.path() / "recognised";
      REQUIRE(convert("std:" + family.mapping, side + "=" + source.string(), to + "=" + named.string(), settings) ==
              driver::done);
      // A setting is for the mapping that has the param: such an import is recognised by name only.
      if (!settings.empty()) continue;
      REQUIRE(convert("", side + "=" + source.string(), to + "=" + recognised.string()) == driver::done);
      CHECK(others(named, recognised).empty());
      CHECK(fs::exists(named / "config.json") == fs::exists(recognised / "config.json"));
      if (fs::exists(named / "config.json")) CHECK(config_differences(named, recognised, "config.json").empty());
    }
  }
}

TEST_CASE("a checkpoint comes back from a conversion as it was, but for what is rounded") {
  for (const Family& family : standard_families()) {
    CAPTURE(family.folder);
    const CheckpointFolder folder;
    const std::string mapping = "std:" + family.mapping;
    // From either side: through files that are written, and back.
    for (const std::string from : {"olmo_core", "hf"}) {
      CAPTURE(from);
      const std::string to = from == "hf" ? "olmo_core" : "hf";
      const fs::path source = directory_of(folder, family, from);
      const fs::path there = folder.path() / (from + "-there"), back = folder.path() / (from + "-back");
      std::vector<std::string> settings = family.import_settings;
      if (family.folder == "olmo2") settings.emplace_back("vocab=72");
      if (family.folder == "olmo_hybrid") settings.emplace_back("vocab=75");
      REQUIRE(convert(mapping, from + "=" + source.string(), to + "=" + there.string(), settings) == driver::done);
      REQUIRE(convert(mapping, to + "=" + there.string(), from + "=" + back.string(), settings) == driver::done);
      Names expected;
      if (from == "hf" && family.folder == "olmo2_tied") expected = {"lm_head.weight"};
      if (from == "hf" && family.folder == "olmo_hybrid") {
        const std::string net = "model.layers.{}.linear_attn.";
        expected = {net + "o_proj.weight", net + "o_norm.weight", net + "out_proj.weight", net + "norm.weight"};
      }
      // Norms that are stored as w - 1. From Hugging Face w + 1 is rounded; back to OLMo-core it depends on the values.
      if (from == "hf" && family.folder == "gemma3_text") expected = {"lm_head.weight"};
      if (from == "hf" && family.folder == "qwen3_5_text") {
        const std::string layer = "model.layers.{}.";
        expected = {"model.norm.weight", layer + "input_layernorm.weight", layer + "post_attention_layernorm.weight",
                    layer + "self_attn.q_norm.weight", layer + "self_attn.k_norm.weight"};
      }
      CHECK(folded(others(back, source)) == expected);
    }
  }
}

TEST_CASE("what Transformers reads is what OLMo-core's exporter writes, field by field") {
  // The version of who writes is not ours, and fields that generation does not know are not either.
  const Names version = {"-transformers_version"};
  const Names generation = {"-output_attentions", "-output_hidden_states", "-transformers_version"};
  const auto expected = [&](const std::string& family) -> Names {
    // Models of Transformers, imported by OLMo-core: without a tokenizer, so that no length is known.
    if (family == "llama") return together(version, {"-max_position_embeddings"});
    // `max_window_layers` is where sliding windows would begin, and there are none.
    if (family == "qwen3") return together(version, {"-max_position_embeddings", "-max_window_layers"});
    // `layer_types` say what the pattern would.
    if (family == "gemma3_text") return together(version, {"-max_position_embeddings", "-_sliding_window_pattern"});
    // OLMo-core's config says another theta than the Transformers model that it was made for.
    if (family == "qwen3_5_text") {
      return together(version, {"-max_position_embeddings", "rope_parameters.rope_theta"});
    }
    // How weights are drawn, which Transformers adds as it saves; a dtype, which OLMo-core forgets.
    if (family == "olmo_hybrid") {
      return together(version, {"+dtype", "-linear_a_log_max", "-linear_a_log_min", "-linear_dt_init_floor",
                                "-linear_dt_max", "-linear_dt_min"});
    }
    return version;
  };
  for (const Family& family : standard_families()) {
    CAPTURE(family.folder);
    const CheckpointFolder folder;
    const fs::path olmo_core = directory_of(folder, family, "olmo_core");
    const fs::path hf = directory_of(folder, family, "hf");
    const fs::path made = folder.path() / "made";
    REQUIRE(convert("std:" + family.mapping, "olmo_core=" + olmo_core.string(), "hf=" + made.string()) == driver::done);
    CHECK(config_differences(made, hf, "config.json") == expected(family.folder));
    if (fs::exists(hf / "generation_config.json")) {
      Names found = config_differences(made, hf, "generation_config.json");
      // Of models that OLMo-core did not export, nobody has said that they are sampled from.
      found.erase("+do_sample");
      CHECK(std::ranges::includes(generation, found));
    }
  }
}

TEST_CASE("OLMo-core's config follows from that of Hugging Face, but for what changes no weight") {
  // What OLMo-core fills in by itself: how attention is computed, and how weights are drawn.
  const Names defaults = {"-model.init_method", "-model.init_seed", "-model.lm_head.loss_implementation"};
  const std::string mixer = "model.block.sequence_mixer.";
  const Names attention = {"-" + mixer + "attention_sinks",     "-" + mixer + "backend",
                           "-" + mixer + "rope.full_precision", "-" + mixer + "rope.no_global_rope",
                           "-" + mixer + "scalable_softmax",    "-" + mixer + "rope.partial_rotary_factor"};
  for (const Family& family : standard_families()) {
    CAPTURE(family.folder);
    const CheckpointFolder folder;
    const fs::path olmo_core = directory_of(folder, family, "olmo_core");
    const fs::path hf = directory_of(folder, family, "hf");
    const fs::path made = folder.path() / "made";
    REQUIRE(convert("std:" + family.mapping, "hf=" + hf.string(), "olmo_core=" + made.string(),
                    family.import_settings) == driver::done);
    // Its blocks are of many kinds, and Hugging Face's config does not say all of them.
    if (family.mapping == "olmo3moe") {
      CHECK_FALSE(fs::exists(made / "config.json"));
      continue;
    }
    Names found = config_differences(made, olmo_core, "config.json");
    const auto known = [&](const std::string& name) {
      return defaults.contains(name) || attention.contains(name) || name == "-" + mixer + "use_head_qk_norm";
    };
    // Blocks of several kinds have names in OLMo-core; here one is the rule, and the others are exceptions.
    const bool named =
        family.mapping == "gemma3_text" || family.mapping == "qwen3_5" || family.mapping == "olmo_hybrid";
    if (named) {
      std::erase_if(found, [](const std::string& name) {
        return name.starts_with("+model.block.") || name.starts_with("-model.block.") ||
               name == "+model.block_overrides" || name == "-model.block_pattern";
      });
    }
    std::erase_if(found, known);
    // One window for each layer, in place of a pattern that repeats; and what is 1 without being said.
    const auto windows = [](const std::string& name) {
      return name.ends_with(".sliding_window.pattern") || name.ends_with(".force_full_attention_on_last_layer") ||
             name.ends_with(".attention_rescale_factor");
    };
    const auto in_exception = [&](const std::string& name) {
      return name.starts_with("-model.block_overrides.") &&
             std::ranges::any_of(attention, [&](const std::string& field) {
               return name.ends_with(field.substr(1 + std::string("model.block").size()));
             });
    };
    if (family.mapping == "olmo3") {
      CHECK(std::ranges::count_if(found, windows) >= 2);
      std::erase_if(found, windows);
      std::erase_if(found,
                    [&](const std::string& name) { return in_exception(name) || name.ends_with(".use_head_qk_norm"); });
    }
    // How experts are trained.
    const std::string moe = "-model.block.feed_forward_moe.";
    Names expected;
    if (family.mapping == "flex_olmo") {
      expected = {moe + "lb_loss_granularity",
                  moe + "router.gating_function",
                  moe + "router.name",
                  moe + "router.random_expert_assignment",
                  moe + "router.uniform_expert_assignment",
                  moe + "scale_loss_by_num_layers"};
    }
    CHECK(found == expected);
  }
}
