// Fields of configs, one by one: each that makes another model of the same tensors is carried over, refused or said.
#include <fmt/format.h>

#include "tests/unit/standard_configs.h"

namespace {

using namespace omap;
using namespace omap::test;

/// A fixture and the mapping for it, with a field of its config changed.
struct Case {
  std::string folder, mapping, path, value;
};

struct Source {
  Direction direction;
  std::string side;
  [[nodiscard]] std::vector<std::string> settings(const std::string& mapping) const {
    const bool asks = direction == to_olmo_core && mapping == "flex_olmo";
    return asks ? std::vector<std::string>{"dropless=true"} : std::vector<std::string>();
  }
};
const Source olmo_core{to_hf, "olmo_core"}, hf{to_olmo_core, "hf"};

Value json(const std::string& text) {
  auto value = parse_json(text, "value");
  REQUIRE(value);
  return std::move(*value);
}

/// `path` without what is there of it: the rest is made.
Value with_path(const Value& config, const std::string& path, Value value) {
  const std::size_t dot = path.find('.');
  const std::string name = path.substr(0, dot);
  if (dot == std::string::npos) return with(config, name, std::move(value));
  const Value* inside = config.member(name);
  const Value object = inside && inside->object() ? *inside : Value(Value::Object{});
  return with(config, name, with_path(object, path.substr(dot + 1), std::move(value)));
}

Value original(const Case& field, const Source& source) {
  return json_file(fixtures / field.folder / source.side / "config.json");
}

Result<BoundMapping> bound_with(const Case& field, const Source& source, const Value& config) {
  return bound_to(standard_plan(field.mapping), index_of(state_of(field.folder, source.side)),
                  {source.direction, source.settings(field.mapping), {{"config.json", config}}, {}});
}

Result<BoundMapping> bound(const Case& field, const Source& source) {
  return bound_with(field, source, with_path(original(field, source), field.path, json(field.value)));
}

std::string last_name(const std::string& path) { return path.substr(path.rfind('.') + 1); }

/// The message about fields that nothing reads.
std::string told(const BoundMapping& bound) {
  const auto note = std::ranges::find(bound.notes, Code::config_unread, &Diagnostic::code);
  return note == bound.notes.end() ? "" : note->message;
}

void check_refused(const std::vector<Case>& cases, const Source& source) {
  for (const Case& field : cases) {
    CAPTURE(field.folder);
    CAPTURE(field.path);
    CAPTURE(field.value);
    const auto made = bound(field, source);
    REQUIRE_FALSE(made);
    CHECK(codes(made.error()).front() == Code::requirement_failed);
    // Which field it is, is said.
    bool named = false;
    for (const Diagnostic& diagnostic : made.error()) {
      for (const std::string& note : diagnostic.notes) {
        named = named || note.find(last_name(field.path)) != std::string::npos;
      }
    }
    CHECK(named);
  }
}

void check_told(const std::vector<Case>& cases, const Source& source) {
  for (const Case& field : cases) {
    CAPTURE(field.folder);
    CAPTURE(field.path);
    const auto made = bound(field, source);
    if (!made) FAIL_CHECK(made.error().front().message);
    REQUIRE(made);
    CHECK(told(*made).find("`" + field.path + "`") != std::string::npos);
  }
}

void check_silent(const std::vector<Case>& cases, const Source& source) {
  for (const Case& field : cases) {
    CAPTURE(field.folder);
    CAPTURE(field.path);
    CAPTURE(field.value);
    const auto made = bound(field, source);
    if (!made) FAIL_CHECK(made.error().front().message);
    REQUIRE(made);
    CHECK(told(*made).empty());
    const auto plain = bound_with(field, source, original(field, source));
    REQUIRE(plain);
    CHECK(made->configs == plain->configs);
  }
}

const std::string block = "model.block.", mixer = "model.block.sequence_mixer.", rope = mixer + "rope.";

}  // namespace

TEST_CASE("a config of OLMo-core that is as its peer wrote it leaves nothing to say") {
  for (const Family& family : standard_families()) {
    for (const Source& source : {olmo_core, hf}) {
      CAPTURE(family.folder);
      CAPTURE(source.side);
      const Case field{family.folder, family.mapping, "", ""};
      const auto made =
          bound_to(standard_plan(family.mapping), index_of(state_of(family.folder, source.side)),
                   {source.direction,
                    source.direction == to_olmo_core ? family.import_settings : std::vector<std::string>(),
                    {{"config.json", original(field, source)}},
                    {}});
      if (!made) FAIL_CHECK(made.error().front().message);
      REQUIRE(made);
      const std::string message = told(*made);
      // The window that no layer of these has, and how a new model is initialised.
      if (source.side == "hf" && family.mapping == "olmo3moe") continue;
      CHECK(message == "");
    }
  }
}

TEST_CASE("what OLMo-core's config says and a Transformers model cannot do is refused") {
  std::vector<Case> cases = {
      {"olmo2", "olmo2", "model.name", R"("normalized")"},
      {"olmo2", "olmo2", "model.embed_scale", "2.5"},
      {"olmo2", "olmo2", "model.embedding_norm", R"({"name": "rms"})"},
      {"olmo2", "olmo2", "model.lm_head.name", R"("normalized")"},
      {"olmo2", "olmo2", "model.lm_head.layer_norm.eps", "0.25"},
      {"olmo2", "olmo2", "model.lm_head.layer_norm.name", R"("l2_norm")"},
      {"olmo2", "olmo2", block + "attention_residual_alpha", "0.5"},
      {"olmo2", "olmo2", block + "feed_forward_residual_alpha", "0.5"},
      {"olmo2", "olmo2", block + "dropout", "0.1"},
      {"olmo2", "olmo2", block + "layer_norm.name", R"("default")"},
      {"olmo2", "olmo2", block + "layer_norm.elementwise_affine", "false"},
      {"olmo2", "olmo2", block + "layer_norm.full_precision", "false"},
      {"olmo2", "olmo2", block + "feed_forward.name", R"("normalized")"},
      {"olmo2", "olmo2", block + "feed_forward.activation", R"("relu")"},
      {"olmo2", "olmo2", mixer + "name", R"("normalized")"},
      {"olmo2", "olmo2", mixer + "clip_qkv", "8.0"},
      {"olmo2", "olmo2", mixer + "attention_sinks", "true"},
      {"olmo2", "olmo2", mixer + "scalable_softmax", "true"},
      {"olmo2", "olmo2", mixer + "dropout", "0.1"},
      {"olmo2", "olmo2", mixer + "gate", R"({"granularity": "headwise"})"},
      {"olmo2", "olmo2", mixer + "use_head_qk_norm", "true"},
      {"olmo2", "olmo2", mixer + "qk_norm_per_head_gains", "true"},
      {"olmo2", "olmo2", mixer + "qk_norm.name", R"("l2_norm")"},
      {"olmo2", "olmo2", mixer + "rope", "null"},
      {"olmo2", "olmo2", rope + "name", R"("complex")"},
      {"olmo2", "olmo2", rope + "partial_rotary_factor", "0.5"},
      {"olmo2", "olmo2", rope + "full_precision", "false"},
      {"olmo2", "olmo2", rope + "no_global_rope", "true"},
      // In blocks with names too, in each of them.
      {"gemma3_text", "gemma3_text", "model.block.local.attention_residual_alpha", "0.5"},
      {"gemma3_text", "gemma3_text", "model.block.global.sequence_mixer.attention_sinks", "true"},
      {"gemma3_text", "gemma3_text", "model.block.local.sequence_mixer.rope.partial_rotary_factor", "0.5"},
      {"gemma3_text", "gemma3_text", "model.block.local.sequence_mixer.rope.scaling",
       R"({"_CLASS_": "olmo_core.nn.rope.PIRoPEScalingConfig", "factor": 4.0})"},
      {"gemma3_text", "gemma3_text", "model.embed_scale", "1.0"},
      {"qwen3_5_text", "qwen3_5", "model.block.gdn.feed_forward.activation", R"("relu")"},
      {"qwen3_5_text", "qwen3_5", "model.block.attn.sequence_mixer.gate.granularity", R"("headwise")"},
      {"qwen3_5_text", "qwen3_5", "model.block.gdn.sequence_mixer.norm_eps", "0.25"},
      {"olmo_hybrid", "olmo_hybrid", "model.block.attn.sequence_mixer.scalable_softmax", "true"},
      {"olmo_hybrid", "olmo_hybrid", "model.block.gdn.layer_norm.eps", "0.25"},
      {"olmo3_yarn", "olmo3", "model.block_overrides.2.feed_forward_residual_alpha", "0.5"},
      {"llama", "llama", block + "name", R"("default_scaled")"},
      {"flex_olmo", "flex_olmo", block + "feed_forward_moe.shared_mlp", R"({"hidden_size": 4})"},
      {"flex_olmo", "flex_olmo", block + "feed_forward_moe.router.normalize_expert_weights", "2.0"},
      {"flex_olmo", "flex_olmo", block + "feed_forward_moe.router.bias_gamma", "0.5"},
      {"flex_olmo", "flex_olmo", block + "feed_forward_moe.router.gating_function", R"("sigmoid")"},
      {"olmo3moe", "olmo3moe", "model.block.moe.routed_experts_router.n_group", "2"},
      {"olmo3moe", "olmo3moe", "model.block.moe.routed_experts_router.score_correction_bias", "true"},
      {"olmo3moe", "olmo3moe", "model.block.moe.routed_experts.activation", R"("relu2")"},
      {"olmo3moe", "olmo3moe", "model.block.dense.sequence_mixer.attention_sinks", "true"},
      {"olmo3moe", "olmo3moe", "model.block.dense.attention_residual_alpha", "0.5"},
  };
  check_refused(cases, olmo_core);
}

TEST_CASE("what OLMo-core's config says of the default is silent, and what nobody knows is said") {
  check_silent({{"olmo2", "olmo2", "model.embed_scale", "1.0"},
                {"olmo2", "olmo2", "model.embedding_init_std", "0.5"},
                {"olmo2", "olmo2", "model.freeze_params", R"(["embeddings.*"])"},
                {"olmo2", "olmo2", block + "attention_residual_alpha", "1.0"},
                {"olmo2", "olmo2", block + "dropout", "0.0"},
                {"olmo2", "olmo2", block + "layer_norm.full_precision", "true"},
                {"olmo2", "olmo2", block + "layer_norm.elementwise_affine", "true"},
                {"olmo2", "olmo2", mixer + "dropout", "null"},
                {"olmo2", "olmo2", mixer + "clip_qkv", "null"},
                {"olmo2", "olmo2", mixer + "use_flash", "true"},
                {"olmo2", "olmo2", mixer + "backend", R"("flash_2")"},
                {"olmo2", "olmo2", mixer + "qk_norm_per_head_gains", "false"},
                {"olmo2", "olmo2", mixer + "mxfp8_projections", "true"},
                {"gemma3_text", "gemma3_text", "model.block.local.dropout", "0.0"},
                {"olmo3moe", "olmo3moe", "model.block.moe.checkpoint_attn", "true"}},
               olmo_core);
  check_told({{"olmo2", "olmo2", "model.new_field", "1"},
              {"olmo2", "olmo2", block + "new_field", "1"},
              {"olmo2", "olmo2", mixer + "new_field", "0.5"},
              {"olmo2", "olmo2", rope + "new_field", "true"},
              {"olmo2", "olmo2", mixer + "qk_norm.new_field", "1"},
              {"olmo2", "olmo2", "model.lm_head.new_field", "1"},
              {"gemma3_text", "gemma3_text", "model.block.local.new_field", "1"},
              {"flex_olmo", "flex_olmo", block + "feed_forward_moe.capacity_factor", "1.5"}},
             olmo_core);
}

TEST_CASE("what a Transformers config says and OLMo-core cannot do is refused, or said") {
  check_refused({{"olmo2", "olmo2", "hidden_act", R"("gelu")"},
                 {"olmo2", "olmo2", "attention_bias", "true"},
                 {"llama", "llama", "mlp_bias", "true"},
                 {"llama", "llama", "partial_rotary_factor", "0.5"},
                 {"llama", "llama", "rope_parameters.partial_rotary_factor", "0.5"},
                 {"llama", "llama", "rope_parameters.rope_type", R"("dynamic")"},
                 {"llama", "llama", "quantization_config", R"({"quant_method": "fp8"})"},
                 {"olmo3", "olmo3", "rope_parameters.sliding_attention.rope_type", R"("linear")"},
                 {"gemma3_text", "gemma3_text", "hidden_activation", R"("silu")"},
                 {"gemma3_text", "gemma3_text", "query_pre_attn_scalar", "168"},
                 {"qwen3_5_text", "qwen3_5", "attention_bias", "true"}},
                hf);
  check_told({{"olmo2", "olmo2", "attention_dropout", "0.5"},
              {"llama", "llama", "pretraining_tp", "2"},
              {"llama", "llama", "new_field", "1"},
              {"flex_olmo", "flex_olmo", "output_router_logits", "true"}},
             hf);
  check_silent({{"llama", "llama", "head_dim", "null"},
                {"llama", "llama", "torch_dtype", R"("float16")"},
                {"llama", "llama", "max_position_embeddings", "128"},
                {"olmo2", "olmo2", "attention_dropout", "0"}},
               hf);
}

TEST_CASE("what both configs can say is carried over") {
  struct Carried {
    Case field;
    std::string path, value;
  };
  const auto check = [](const std::vector<Carried>& all, const Source& source) {
    for (const auto& [field, path, value] : all) {
      CAPTURE(field.path);
      const auto made = bound(field, source);
      if (!made) FAIL_CHECK(made.error().front().message);
      REQUIRE(made);
      CHECK(at(made->configs.at("config.json"), path) == json(value));
    }
  };
  check({{{"olmo2", "olmo2", rope + "theta", "20000"}, "rope_parameters.rope_theta", "20000"},
         {{"olmo2", "olmo2", rope + "theta", "null"}, "rope_parameters.rope_theta", "500000"},
         {{"qwen3_5_text", "qwen3_5", "model.block.attn.sequence_mixer.rope.partial_rotary_factor", "0.5"},
          "rope_parameters.partial_rotary_factor",
          "0.5"},
         {{"flex_olmo", "flex_olmo", block + "feed_forward_moe.router.normalize_expert_weights", "1.0"},
          "norm_topk_prob",
          "true"},
         {{"flex_olmo", "flex_olmo", block + "feed_forward_moe.router.top_k", "2"}, "num_experts_per_tok", "2"}},
        olmo_core);
  check({{{"llama", "llama", "rope_parameters.rope_theta", "20000.0"}, rope + "theta", "20000"},
         {{"llama", "llama", "rms_norm_eps", "0.25"}, block + "layer_norm.eps", "0.25"},
         {{"flex_olmo", "flex_olmo", "norm_topk_prob", "true"},
          block + "feed_forward_moe.router.normalize_expert_weights",
          "1.0"},
         {{"qwen3_5_text", "qwen3_5", "rope_parameters.partial_rotary_factor", "0.5"},
          rope + "partial_rotary_factor",
          "0.5"}},
        hf);
}

TEST_CASE("an epsilon that OLMo-core's config leaves out is its own default") {
  for (const std::string folder : {"llama", "qwen3"}) {
    CAPTURE(folder);
    const Case field{folder, folder, "", ""};
    std::vector<std::string> norms = {block + "layer_norm.eps", "model.lm_head.layer_norm.eps"};
    if (folder == "qwen3") norms.push_back(mixer + "qk_norm.eps");
    Value config = original(field, olmo_core);
    for (const std::string& norm : norms) config = with_path(config, norm, Value());
    const auto made = bound_with(field, olmo_core, config);
    if (!made) FAIL_CHECK(made.error().front().message);
    REQUIRE(made);
    CHECK(at(made->configs.at("config.json"), "rms_norm_eps") == Value(0.00001));
  }
}

TEST_CASE("a config that is not that of its tensors is refused, and what they say is said") {
  check_refused({{"olmo2", "olmo2", "model.n_layers", "11"},
                 {"olmo2", "olmo2", "model.d_model", "28"},
                 {"olmo2", "olmo2", "model.vocab_size", "71"},
                 {"olmo2", "olmo2", "dataset.tokenizer.vocab_size", "73"},
                 {"olmo2", "olmo2", block + "feed_forward.hidden_size", "44"},
                 {"olmo2", "olmo2", mixer + "n_heads", "4"},
                 {"olmo2", "olmo2", mixer + "n_kv_heads", "3"},
                 {"olmo2_headdim", "olmo2", mixer + "head_dim", "12"},
                 {"qwen3", "qwen3", mixer + "n_heads", "2"},
                 {"flex_olmo", "flex_olmo", block + "feed_forward_moe.num_experts", "11"},
                 {"flex_olmo", "flex_olmo", block + "feed_forward_moe.hidden_size", "21"},
                 {"olmo3moe", "olmo3moe", "model.block.moe.routed_experts.num_experts", "11"},
                 {"olmo3moe", "olmo3moe", "model.block.moe.routed_experts.hidden_size", "19"}},
                olmo_core);
  check_refused({{"llama", "llama", "num_hidden_layers", "2"},
                 {"llama", "llama", "hidden_size", "28"},
                 {"llama", "llama", "vocab_size", "100000"},
                 {"llama", "llama", "intermediate_size", "44"},
                 {"llama", "llama", "num_key_value_heads", "3"},
                 {"olmo2_headdim", "olmo2", "head_dim", "12"},
                 {"qwen3", "qwen3", "num_attention_heads", "2"},
                 {"flex_olmo", "flex_olmo", "num_experts", "11"},
                 {"flex_olmo", "flex_olmo", "intermediate_size", "21"},
                 {"olmo3moe", "olmo3moe", "n_routed_experts", "11"}},
                hf);
}
