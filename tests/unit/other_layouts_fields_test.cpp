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
