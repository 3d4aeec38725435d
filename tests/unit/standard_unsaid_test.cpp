// What no config says: sizes come from tensors, the rest is asked for, and nothing is left out without a word.
#include "tests/unit/standard_configs.h"

namespace {

using namespace omap;
using namespace omap::test;

std::string all_text(const Diagnostics& diagnostics, Code code) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.code != code) continue;
    text += diagnostic.message + "\n";
    for (const auto& more : {diagnostic.notes, diagnostic.helps}) {
      for (const std::string& line : more) text += line + "\n";
    }
  }
  return text;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("without a config, what tensors tell is written, and of the rest it is said what to set") {
  struct Family {
    std::string folder;
    std::vector<std::string> settings;
  };
  for (const Family& family : std::vector<Family>{{"llama", {"n_heads=6", "eps=1e-6", "theta=500000"}},
                                                  {"olmo2", {"n_heads=6", "eps=1e-6", "theta=500000"}}}) {
    CAPTURE(family.folder);
    const Plan plan = standard_plan(family.folder);
    const TensorIndex state = index_of(state_of(family.folder, "olmo_core"));
    const Value whole = made_config(family.folder, state, {to_hf, {}, config_of(family.folder, "olmo_core"), {}});
    const auto bare = bound_to(plan, state, {to_hf, {}, {}, {}});
    REQUIRE(bare);
    const Value& config = bare->configs.at("config.json");
    for (const std::string field : {"hidden_size", "intermediate_size", "num_hidden_layers", "model_type"}) {
      CAPTURE(field);
      CHECK(at(config, field) == at(whole, field));
    }
    const std::string said = all_text(bare->config_notes, Code::config_field_unknown);
    for (const std::string field :
         {"`num_attention_heads`", "`num_key_value_heads`", "`rms_norm_eps`", "`rope_parameters.rope_theta`",
          "`--set n_heads=VALUE`", "`--set eps=VALUE`", "`--set theta=VALUE`"}) {
      CAPTURE(field);
      CHECK(has(said, field));
    }
    CHECK_FALSE(has(said, "hidden_size"));
    // With what is asked for, the model is known.
    const auto heads = at(whole, "num_attention_heads");
    std::vector<std::string> settings = family.settings;
    settings.front() = "n_heads=" + std::to_string(*heads.integer());
    const auto told = bound_to(plan, state, {to_hf, settings, {}, {}});
    REQUIRE(told);
    for (const std::string field : {"num_attention_heads", "num_key_value_heads", "rms_norm_eps"}) {
      CHECK(at(told->configs.at("config.json"), field) == at(whole, field));
    }
    CHECK_FALSE(has(all_text(told->config_notes, Code::config_field_unknown), "rms_norm_eps"));
  }
}

TEST_CASE("without a config, OLMo-core's lacks what no tensor tells, and that is said") {
  const Plan plan = standard_plan("qwen3");
  const TensorIndex state = index_of(state_of("qwen3", "hf"));
  const Value whole = made_config("qwen3", state, {to_olmo_core, {}, config_of("qwen3", "hf"), {}});
  const auto bare = bound_to(plan, state, {to_olmo_core, {}, {}, {}});
  REQUIRE(bare);
  const Value& config = bare->configs.at("config.json");
  // Norms of each head tell its size, and so how many there are.
  for (const std::string field :
       {"model.d_model", "model.n_layers", "model.vocab_size", "model.block.feed_forward.hidden_size",
        "model.block.sequence_mixer.n_heads", "model.block.sequence_mixer.n_kv_heads"}) {
    CAPTURE(field);
    CHECK(at(config, field) == at(whole, field));
  }
  const std::string said = all_text(bare->config_notes, Code::config_field_unknown);
  CHECK(has(said, "`model.block.layer_norm.eps`"));
  CHECK(has(said, "`model.block.sequence_mixer.rope.theta`"));
}

TEST_CASE("a field that a config leaves out, and that users may set, is said") {
  const Value config = json_file(fixtures / "llama/olmo_core/config.json");
  const Value bare = with_at(config, "model.block.sequence_mixer.n_heads", Value());
  const auto bound = bound_to(standard_plan("llama"), index_of(state_of("llama", "olmo_core")),
                              {to_hf, {}, {{"config.json", bare}}, {}});
  REQUIRE(bound);
  const std::string said = all_text(bound->config_notes, Code::config_field_unknown);
  CHECK(has(said, "`num_attention_heads` of `config.json` is left out: `n_heads` has no value"));
}

TEST_CASE("windows are not known without a config") {
  const auto bare =
      bound_to(standard_plan("gemma3_text"), index_of(state_of("gemma3_text", "olmo_core")), {to_hf, {}, {}, {}});
  REQUIRE(bare);
  CHECK(bare->configs.at("config.json").member("sliding_window") == nullptr);
  const std::string said = all_text(bare->config_notes, Code::config_field_unknown);
  CHECK(has(said, "`sliding_window`"));
  CHECK(has(said, "`layer_types`"));
  for (const std::string folder : {"gemma3_text", "olmo3"}) {
    CAPTURE(folder);
    const auto imported = bound_to(standard_plan(folder), index_of(state_of(folder, "hf")), {to_olmo_core, {}, {}, {}});
    REQUIRE(imported);
    const std::string lacks = all_text(imported->config_notes, Code::config_field_unknown);
    CHECK(has(lacks, "`model.block.sequence_mixer.sliding_window.pattern`"));
  }
}

TEST_CASE("a config that is given is one of the side that is written") {
  for (const auto& [direction, source, other] :
       {std::tuple(to_hf, "olmo_core", "hf"), std::tuple(to_olmo_core, "hf", "olmo_core")}) {
    CAPTURE(source);
    const auto found = [&, d = direction, from = std::string(source)](const std::string& given) {
      BindOptions options;
      options.direction = d;
      options.given_configs = config_of("llama", given);
      const auto bound =
          bind_plan(standard_plan("llama"), index_of(state_of("llama", from)), config_of("llama", from), options);
      return bound ? std::vector<Code>() : codes(bound.error());
    };
    CHECK(found(source) == std::vector<Code>{Code::config_of_other_side});
    CHECK(found(other).empty());
  }
}

TEST_CASE("a setting that a direction does not read is said, and one that no model can have is refused") {
  const auto found = [](const std::string& setting, Direction direction) {
    const std::string side = direction == to_hf ? "olmo_core" : "hf";
    const auto bound = bound_to(standard_plan("llama"), index_of(state_of("llama", side)),
                                {direction, {setting}, config_of("llama", side), {}});
    return bound ? codes(bound->notes) : codes(bound.error());
  };
  const std::vector<Code> unread = {Code::setting_unread};
  CHECK(found("padded_vocab=100", to_hf) == unread);
  CHECK(found("padded_vocab=100", to_olmo_core).empty());
  CHECK(found("vocab=0", to_hf) == std::vector<Code>{Code::requirement_failed});
  CHECK(found("vocab=100000", to_hf) == std::vector<Code>{Code::requirement_failed});
}

TEST_CASE("what users are told to set is what is there to be set") {
  const auto bound = bound_to(standard_plan("flex_olmo"), index_of(state_of("flex_olmo", "hf")),
                              {to_olmo_core, {}, config_of("flex_olmo", "hf"), {}});
  REQUIRE_FALSE(bound);
  const std::string said = all_text(bound.error(), Code::value_unavailable);
  CHECK(has(said, "--set dropless=VALUE"));
  CHECK_FALSE(has(said, "--set block"));
  CHECK_FALSE(has(said, "--set moe"));
  const auto unknown = parse_settings(standard_plan("flex_olmo"), {"nothing=1"});
  REQUIRE_FALSE(unknown);
  const std::string params = all_text(unknown.error(), Code::unknown_setting);
  CHECK(has(params, "`dropless`"));
  CHECK(has(params, "`padded_vocab`"));
  CHECK_FALSE(has(params, "`text`"));
  CHECK_FALSE(has(params, "`window`"));
  CHECK_FALSE(has(params, "`rows`"));
}

TEST_CASE("layers behind those of the config are blamed on the layers' index") {
  const auto bound = bound_to(standard_plan("llama"), index_of(state_of("llama", "olmo_core")),
                              {to_hf, {"n_layers=1"}, config_of("llama", "olmo_core"), {}});
  REQUIRE_FALSE(bound);
  const std::string said = all_text(bound.error(), Code::source_unclaimed);
  CHECK(has(said, "outside the range of `layer`"));
  CHECK_FALSE(has(said, "`kv`"));
  CHECK(has(said, "--set n_layers=VALUE"));
}

TEST_CASE("what a Llama's keys are taken for without a config is said") {
  for (const Direction direction : {to_hf, to_olmo_core}) {
    const std::string side = direction == to_hf ? "olmo_core" : "hf";
    CAPTURE(side);
    const TensorIndex state = index_of(state_of("llama", side));
    const auto bare = bound_to(standard_plan("llama"), state, {direction, {}, {}, {}});
    REQUIRE(bare);
    CHECK(has(all_text(bare->notes, Code::mapping_note), "no config"));
    const auto whole = bound_to(standard_plan("llama"), state, {direction, {}, config_of("llama", side), {}});
    REQUIRE(whole);
    CHECK(all_text(whole->notes, Code::mapping_note).empty());
  }
  const Value other = with(json_file(fixtures / "llama/hf/config.json"), "model_type", "mistral");
  const auto refused = bound_to(standard_plan("llama"), index_of(state_of("llama", "hf")),
                                {to_olmo_core, {}, {{"config.json", other}}, {}});
  REQUIRE_FALSE(refused);
  CHECK(codes(refused.error()) == std::vector<Code>{Code::requirement_failed});
}
