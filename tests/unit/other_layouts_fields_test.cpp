// What configs say in the layouts beside OLMo-core's: sizes have to be those of the tensors, what the other side cannot
// say is refused, and what is left out is said.
#include <doctest/doctest.h>

#include "tests/unit/made_layouts.h"
#include "tests/unit/standard_configs.h"

namespace {

using namespace omap;
using namespace omap::test;

const std::filesystem::path transformers = fixtures / "transformers";
const std::vector<Code> refused = {Code::requirement_failed};

Value value_of(const std::string& text) {
  auto value = parse_json(text, "a test");
  REQUIRE(value);
  return std::move(*value);
}

Configs config_json(Value config) { return {{"config.json", std::move(config)}}; }

std::vector<Code> refusals_of(const Plan& plan, const TensorIndex& source, const Conversion& how) {
  const auto bound = bound_to(plan, source, how);
  return bound ? std::vector<Code>() : codes(bound.error());
}

std::vector<MadeTensor> tensors_in(const std::filesystem::path& path) {
  const auto checkpoint = open_checkpoint(path);
  REQUIRE(checkpoint);
  std::vector<MadeTensor> tensors;
  for (const TensorInfo& info : checkpoint->index().tensors()) {
    MadeTensor tensor{info, std::vector<std::byte>(info.bytes.size)};
    REQUIRE(checkpoint->read(info.bytes.file, info.bytes.offset, tensor.bytes));
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

/// DeepSeek's files with one more layer: as the last is, and with what predicts a further token, or without.
std::vector<MadeTensor> with_one_more_layer(const std::vector<std::string>& predicting) {
  std::vector<MadeTensor> tensors = tensors_in(transformers / "deepseek_v3/hub.safetensors");
  const std::string last = "model.layers.2.";
  for (std::size_t i = 0, all = tensors.size(); i < all; ++i) {
    if (!tensors[i].info.key.starts_with(last)) continue;
    MadeTensor more = tensors[i];
    more.info.key = "model.layers.3." + more.info.key.substr(last.size());
    tensors.push_back(std::move(more));
  }
  for (const std::string& name : predicting) {
    tensors.push_back(
        tensor_of("model.layers.3." + name + ".weight", Dtype::f32, {2}, std::vector<std::uint32_t>{1, 2}));
  }
  return tensors;
}

/// The config of Transformers for a made model.
Value hf_config(const MadeModel& m, const std::string& model_type) {
  return value_of(fmt::format(
      R"({{"model_type": "{}", "hidden_size": {}, "num_hidden_layers": {}, "num_attention_heads": {},
          "num_key_value_heads": {}, "intermediate_size": {}, "vocab_size": {}, "head_dim": {}, "hidden_act": "silu",
          "tie_word_embeddings": false}})",
      model_type, m.width, m.layers, m.heads, m.key_heads, m.inner, m.vocab, m.head));
}

}  // namespace

TEST_CASE("layers of DeepSeek that predict further tokens are left out and said, ordinary ones are refused") {
  const Plan plan = standard_plan("deepseek_v3");
  const CheckpointFolder folder;
  const Configs config = config_json(json_file(transformers / "deepseek_v3/config.json"));
  const Conversion how = {Direction::left, {}, config, {}};
  const auto notes = [&](const std::filesystem::path& path) {
    const auto bound = bound_to(plan, index_of(path), how);
    REQUIRE(bound);
    return std::ranges::count(bound->notes, Code::mapping_note, &Diagnostic::code);
  };
  const auto further = with_one_more_layer({"enorm", "hnorm", "eh_proj"});
  CHECK(notes(folder.write("further.safetensors", further)) == 1);
  CHECK(notes(transformers / "deepseek_v3/hub.safetensors") == 0);
  const auto made = converted(plan, further, how),
             wanted = converted(plan, transformers / "deepseek_v3/hub.safetensors", how);
  CHECK(made.size() == wanted.size());
  for (const auto& [key, tensor] : wanted) CHECK(made.at(key).bytes == tensor.bytes);
  CHECK(refusals(plan, with_one_more_layer({}), how) == refused);
  CHECK(refusals(plan, with_one_more_layer({"enorm"}), how) == refused);
}

TEST_CASE("configs between files and memory are of the sizes of their tensors") {
  struct Wrong {
    std::string mapping, field;
    std::int64_t value;
  };
  const std::vector<Wrong> cases = {
      {"mixtral", "num_key_value_heads", 1},
      {"mixtral", "num_attention_heads", 3},
      {"mixtral", "head_dim", 2},
      {"mixtral", "vocab_size", 1000},
      {"qwen3_moe", "num_local_experts", 3},
      {"qwen3_moe", "num_experts", 3},
      {"qwen3_moe", "moe_intermediate_size", 3},
      {"qwen3_moe", "num_key_value_heads", 1},
      {"qwen3_moe", "vocab_size", 1000},
      {"qwen3_moe", "decoder_sparse_step", 2},
      {"deepseek_v3", "n_routed_experts", 3},
      {"deepseek_v3", "moe_intermediate_size", 3},
      {"deepseek_v3", "intermediate_size", 3},
      {"deepseek_v3", "first_k_dense_replace", 2},
      {"deepseek_v3", "n_shared_experts", 2},
      {"deepseek_v3", "num_attention_heads", 2},
      {"deepseek_v3", "q_lora_rank", 3},
      {"deepseek_v3", "kv_lora_rank", 3},
      {"deepseek_v3", "v_head_dim", 3},
      {"deepseek_v3", "qk_rope_head_dim", 3},
      {"gpt2", "vocab_size", 1000},
      {"gpt2", "n_positions", 8},
  };
  for (const Wrong& wrong : cases) {
    CAPTURE(wrong.mapping);
    CAPTURE(wrong.field);
    const Plan plan = standard_plan(wrong.mapping);
    const auto folder = transformers / wrong.mapping;
    const Value config = json_file(folder / "config.json");
    const Configs said = config_json(with(config, wrong.field, wrong.value));
    for (const auto& [file, direction] :
         {std::pair("hub.safetensors", Direction::left), {"modules.safetensors", Direction::right}}) {
      const TensorIndex index = index_of(folder / file);
      CHECK(refusals_of(plan, index, {direction, {}, config_json(config), {}}).empty());
      const auto found = refusals_of(plan, index, {direction, {}, said, {}});
      REQUIRE_FALSE(found.empty());
      CHECK(found.front() == Code::requirement_failed);
    }
    if (wrong.mapping != "gpt2") continue;
    const TensorIndex index = index_of(folder / "hub.safetensors");
    CHECK(refusals_of(standard_plan("gpt2_split"), index, {Direction::right, {}, said, {}}) == refused);
  }
}

TEST_CASE("Megatron-Core and vLLM are written by a config of their sizes only") {
  const MadeModel model;
  const Value config = hf_config(model, "llama");
  for (const std::string mapping : {"megatron", "vllm"}) {
    CAPTURE(mapping);
    const Plan plan = standard_plan(mapping);
    const auto found = [&](const Value& said) {
      return refusals(plan, made_hf(model).tensors(), {Direction::left, {}, config_json(said), {}});
    };
    CHECK(found(config).empty());
    CHECK(found(with(config, "num_attention_heads", std::int64_t{12})) == refused);
    CHECK(found(with(config, "num_key_value_heads", std::int64_t{1})) == refused);
    CHECK(found(with(config, "vocab_size", std::int64_t{1000})) == refused);
    // Without a `head_dim` it is a part of the width, which is not that of these heads.
    CHECK_FALSE(found(without(config, "head_dim")).empty());
  }
  // Heads that make as many rows of queries, of another size.
  const Value halved = with(with(config, "num_attention_heads", std::int64_t{12}), "head_dim", std::int64_t{2});
  CHECK(refusals(standard_plan("megatron"), made_hf(model).tensors(), {Direction::left, {}, config_json(halved), {}}) ==
        refused);
}

TEST_CASE("Megatron-Core has biases of queries, keys and values, or everywhere") {
  const Plan plan = standard_plan("megatron");
  const auto found = [&](bool queries, bool output, bool inner) {
    MadeModel model;
    model.biases = queries, model.output_biases = output, model.inner_biases = inner;
    return refusals(plan, made_hf(model).tensors(), {Direction::left, {"head_dim=4"}, {}, {}});
  };
  CHECK(found(false, false, false).empty());
  CHECK(found(true, false, false).empty());
  CHECK(found(true, true, true).empty());
  CHECK(found(true, true, false) == refused);
  CHECK(found(true, false, true) == refused);
  CHECK(found(false, true, true) == refused);
}

TEST_CASE("what OLMo's first code cannot say is refused, and what it derives is not reported") {
  const Plan plan = standard_plan("olmo");
  MadeModel second, experts;
  second.query_norms = true, second.width = second.queries();
  experts = second, experts.experts = 5;
  const CheckpointFolder folder;
  for (const MadeModel& model : {second, experts}) {
    const bool moe = model.experts > 0;
    CAPTURE(moe);
    const TensorIndex index = index_of(folder.write("hf.safetensors", made_hf(model, !moe).tensors()));
    Value config = hf_config(model, moe ? "olmoe" : "olmo2");
    const Value rest = value_of(
        R"({"rope_parameters": {"rope_type": "default", "rope_theta": 10000.0}, "bos_token_id": 1,
            "attention_bias": false, "norm_topk_prob": false, "rms_norm_eps": 1e-05})");
    for (const auto& [name, value] : *rest.object()) config = with(config, name, value);
    config = without(config, "head_dim");
    if (moe) config = with(config, "num_experts", model.experts);
    const auto bound = bound_to(plan, index, {Direction::left, {}, config_json(config), {}});
    REQUIRE(bound);
    CHECK(std::ranges::count(bound->notes, Code::config_unread, &Diagnostic::code) == 0);
    CHECK(std::ranges::count(bound->config_notes, Code::config_unread, &Diagnostic::code) == 0);
    for (const auto& [name, text] : std::vector<std::pair<std::string, std::string>>{
             {"rope_parameters", R"({"rope_type": "linear", "factor": 2.0, "rope_theta": 10000.0})"},
             {"rope_parameters", R"({"type": "yarn", "factor": 2.0})"},
             {"rope_parameters", R"({"partial_rotary_factor": 0.5})"},
             {"hidden_act", R"("gelu")"},
             {"attention_bias", "true"},
             {"norm_topk_prob", "true"},
             {"clip_qkv", "8.0"},
             {"num_key_value_heads", "3"},
             {"intermediate_size", "15"},
             {"vocab_size", "1000"}}) {
      CAPTURE(name);
      CAPTURE(text);
      const Configs said = config_json(with(config, name, value_of(text)));
      CHECK(refusals_of(plan, index, {Direction::left, {}, said, {}}) == refused);
    }
  }
}

TEST_CASE("OLMo's first code and OLMo-core: heads are those of the tensors, and all that is derived is read") {
  const Plan plan = standard_plan("olmo_to_olmo_core");
  MadeModel model;
  model.query_norms = true, model.width = model.queries();
  const CheckpointFolder folder;
  const TensorIndex first = index_of(folder.write("olmo.safetensors", made_olmo(model).tensors()));
  const TensorIndex state = index_of(folder.write("olmo_core.safetensors", made_olmo_core(model, true).tensors()));
  const auto both = [&](std::int64_t key_heads) {
    return std::pair(config_json(value_of(fmt::format(
                         R"({{"n_heads": {}, "n_kv_heads": {}, "max_sequence_length": 64, "weight_tying": false}})",
                         model.heads, key_heads))),
                     config_json(value_of(fmt::format(
                         R"({{"model": {{"tie_word_embeddings": false, "lm_head": {{"layer_norm": {{"name": "rms"}}}},
                "block": {{"name": "reordered_norm", "layer_norm": {{"name": "rms"}}, "sequence_mixer": {{
                "n_heads": {}, "n_kv_heads": {}, "rope": {{}}, "qk_norm": {{"name": "rms"}}}}}}}}}})",
                         model.heads, key_heads))));
  };
  const auto [right, right_core] = both(model.key_heads);
  const auto [wrong, wrong_core] = both(3);
  for (const auto& [index, direction, config] :
       {std::tuple(&first, Direction::right, right), {&state, Direction::left, right_core}}) {
    const auto bound = bound_to(plan, *index, {direction, {}, config, {}});
    REQUIRE(bound);
    CHECK(std::ranges::count(bound->notes, Code::config_unread, &Diagnostic::code) == 0);
    CHECK(std::ranges::count(bound->config_notes, Code::config_unread, &Diagnostic::code) == 0);
  }
  CHECK(refusals_of(plan, first, {Direction::right, {}, wrong, {}}) == refused);
  CHECK(refusals_of(plan, state, {Direction::left, {}, wrong_core, {}}) == refused);
}
