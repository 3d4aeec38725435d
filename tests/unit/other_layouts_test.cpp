// The standard mappings beside OLMo-core's families: against the files of peers, and against models that are laid out
// by plain index arithmetic, in both directions and at several sizes.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/unit/both_layouts.h"

using namespace omap;
using namespace omap::test;
using namespace omap::test::layouts;

TEST_CASE("Transformers' models in memory and their files, bit for bit as Transformers has them") {
  for (const std::string family : {"mixtral", "qwen3_moe", "deepseek_v3", "gpt2"}) {
    CAPTURE(family);
    const Plan plan = standard(family);
    const fs::path folder = transformers / family;
    const Tensors hub = tensors_in(folder / "hub.safetensors"), modules = tensors_in(folder / "modules.safetensors");
    for (const Configs& configs : {configs_in(folder, "config.json"), Configs{}}) {
      check_same(converted(plan, folder / "hub.safetensors", {Direction::left, {}, configs, {}}), modules);
      check_same(converted(plan, folder / "modules.safetensors", {Direction::right, {}, configs, {}}), hub);
    }
  }
}

TEST_CASE("OLMo as its first code saved it, and Transformers' olmo, olmo2 and olmoe") {
  const Plan plan = standard("olmo");
  MadeModel first, second, experts;
  first.norms = false, first.tied = true;
  second.query_norms = true;
  experts.query_norms = true, experts.experts = 5;
  for (const MadeModel& like : {first, second, experts}) {
    for (const MadeModel& model : sizes(like)) {
      const bool behind = model.norms && model.experts == 0;
      check_both_ways(plan, made_olmo(model), made_hf(model, behind));
      check_same(converted(plan, made_olmo(model, "model.").tensors()), tensors_of(made_hf(model, behind)));
    }
  }
}

TEST_CASE("OLMo as its first code saved it, and OLMo-core") {
  const Plan plan = standard("olmo_to_olmo_core");
  MadeModel first, second, experts;
  first.norms = false, first.tied = true;
  second.query_norms = true;
  experts.query_norms = true, experts.experts = 5;
  for (const MadeModel& like : {first, second, experts}) {
    for (const MadeModel& model : sizes(like)) {
      for (const bool dropless : {true, false}) {
        if (model.experts == 0 && !dropless) continue;
        const std::vector<std::string> settings = {model.tied ? "tied=true" : "tied=false",
                                                   dropless ? "dropless=true" : "dropless=false"};
        check_both_ways(plan, made_olmo(model), made_olmo_core(model, dropless), {Direction::right, settings, {}, {}},
                        {Direction::left, settings, {}, {}});
      }
    }
  }
}

TEST_CASE("OLMoE: OLMo-core's two layouts of experts, and Transformers") {
  const Plan plan = standard("olmoe");
  MadeModel like;
  like.query_norms = true, like.experts = 5;
  for (const MadeModel& model : sizes(like)) {
    for (const std::string kind : {"dropless", "default"}) {
      const std::string config = fmt::format(
          R"({{"model": {{"name": "moe", "lm_head": {{"layer_norm": {{"name": "rms"}}}}, "block": {{"name": "moe",
              "layer_norm": {{"name": "rms"}}, "sequence_mixer": {{"n_heads": {}, "n_kv_heads": {}, "head_dim": {},
              "rope": {{}}, "qk_norm": {{"name": "rms"}}}}, "feed_forward_moe": {{"name": "{}"}}}}}}}})",
          model.heads, model.key_heads, model.head, kind);
      check_both_ways(plan, made_olmo_core(model, kind == "dropless"), made_hf(model), with_config(config),
                      {Direction::left, {kind == "dropless" ? "dropless=true" : "dropless=false"}, {}, {}});
    }
    // An import that is not told makes what OLMo-core's own config of OLMoE has.
    check_same(converted(plan, made_hf(model).tensors(), {Direction::left, {}, {}, {}}),
               tensors_of(made_olmo_core(model, true)));
  }
  // How many experts a token has, where no config says, is what Transformers takes.
  const auto bound = bound_to(
      plan, index_of_made(made_hf(like).tensors()),
      {Direction::left,
       {},
       config_json(R"({"model_type": "olmoe", "num_attention_heads": 6, "num_key_value_heads": 2, "head_dim": 4})"),
       {}});
  REQUIRE(bound);
  const Value* value = &bound->configs.at("config.json");
  for (const std::string name : {"model", "block", "feed_forward_moe", "router", "top_k"}) {
    value = value->member(name);
    REQUIRE(value);
  }
  CHECK(*value == Value(8));
}

TEST_CASE("Megatron-Core and Transformers") {
  const Plan plan = standard("megatron");
  for (const auto& [biases, all_biases] : {std::pair(false, false), {true, false}, {true, true}}) {
    for (MadeModel model : sizes({})) {
      model.biases = biases, model.tied = biases;
      model.output_biases = model.inner_biases = all_biases;
      const std::vector<std::string> head = {fmt::format("head_dim={}", model.head)};
      check_both_ways(plan, made_megatron(model), made_hf(model), {Direction::right, head, {}, {}},
                      {Direction::left, head, {}, {}});
      check_same(converted(plan, made_megatron(model, false).tensors(), {Direction::right, head, {}, {}}),
                 tensors_of(made_hf(model)));
    }
  }
}

TEST_CASE("Megatron-Core pads the vocabulary") {
  const Plan plan = standard("megatron");
  const MadeModel model;
  const auto rows = [&](const MadeLayout& source, Direction direction, const std::string& setting, const char* key) {
    const auto made = converted(plan, source.tensors(), {direction, {setting, "head_dim=4"}, {}, {}});
    return elements_of<std::uint32_t>(made.at(key));
  };
  const auto all = elements_of<std::uint32_t>(tensors_of(made_hf(model)).at("lm_head.weight"));
  auto cut = all;
  cut.resize(static_cast<std::size_t>(20 * model.width));
  CHECK(rows(made_megatron(model), Direction::right, "vocab=20", "lm_head.weight") == cut);
  auto padded = all;
  padded.resize(static_cast<std::size_t>(24 * model.width), 0);
  CHECK(rows(made_hf(model), Direction::left, "padded_vocab=24", "output_layer.weight") == padded);
}

TEST_CASE("vLLM and Transformers") {
  const Plan plan = standard("vllm");
  for (const auto& [biases, output, inner] :
       {std::tuple(false, false, false), {true, false, false}, {true, true, false}, {false, false, true}}) {
    for (MadeModel model : sizes({})) {
      model.biases = biases, model.tied = biases;
      model.output_biases = output, model.inner_biases = inner;
      check_both_ways(plan, made_vllm(model), made_hf(model));
    }
  }
}

TEST_CASE("GPT-2: queries, keys and values apart, weights output by input") {
  const Plan plan = standard("gpt2_split");
  const fs::path file = transformers / "gpt2/hub.safetensors";
  const Tensors hub = tensors_in(file);
  const Tensors split = converted(plan, file);
  CHECK(split.size() == hub.size() + 12 * 4);
  const auto at = [](const MadeTensor& tensor, std::int64_t row, std::int64_t column) {
    return elements_of<std::uint32_t>(tensor)[static_cast<std::size_t>(row * tensor.info.shape[1] + column)];
  };
  for (const std::int64_t layer : {0, 2, 10}) {
    const std::string name = fmt::format("transformer.h.{}.", layer), made = fmt::format("model.layers.{}.", layer);
    const MadeTensor& fused = hub.at(name + "attn.c_attn.weight");
    for (std::int64_t part = 0; part < 3; ++part) {
      const MadeTensor& one = split.at(fmt::format("{}self_attn.{}_proj.weight", made, "qkv"[part]));
      for_each_index({24, 24}, [&](const At& i) { CHECK(at(one, i[0], i[1]) == at(fused, i[1], part * 24 + i[0])); });
    }
    const MadeTensor& narrow = split.at(made + "mlp.down_proj.weight");
    for_each_index({24, 52}, [&](const At& i) {
      CHECK(at(narrow, i[0], i[1]) == at(hub.at(name + "mlp.c_proj.weight"), i[1], i[0]));
    });
  }
  std::vector<MadeTensor> tensors;
  for (const auto& [key, tensor] : split) tensors.push_back(tensor);
  check_same(converted(plan, tensors, {Direction::left, {}, {}, {}}), hub);
}

TEST_CASE("GPT-2's first files have no prefix, and masks among the weights") {
  std::vector<MadeTensor> old;
  for (const auto& [key, tensor] : tensors_in(transformers / "gpt2/hub.safetensors")) {
    old.push_back(tensor);
    old.back().info.key.erase(0, std::string("transformer.").size());
  }
  for (int layer = 0; layer < 12; ++layer) {
    old.push_back(tensor_of(fmt::format("h.{}.attn.bias", layer), Dtype::f32, {1}, std::vector<std::uint32_t>{1}));
  }
  check_same(converted(standard("gpt2"), old, {Direction::left, {}, {}, {}}),
             tensors_in(transformers / "gpt2/modules.safetensors"));
  CHECK(converted(standard("gpt2_split"), old).contains("model.layers.11.self_attn.v_proj.bias"));
}

TEST_CASE("what a layout cannot be is refused, and why") {
  const auto codes = [](const std::string& mapping, const MadeLayout& layout, const Conversion& how) {
    return refusals(standard(mapping), layout.tensors(), how);
  };
  using Codes = std::vector<Code>;
  MadeModel model, experts;
  model.query_norms = true;
  experts.query_norms = true, experts.experts = 3;
  CHECK(codes("olmo", made_olmo(model), with_config(R"({"include_bias": true})")) == Codes{Code::requirement_failed});
  for (const std::string mapping : {"olmo", "olmo_to_olmo_core"}) {
    for (const std::string field : {"alibi", "scale_logits", "bias_for_layer_norm"}) {
      const auto said = [&](const std::string& value) {
        return with_config(fmt::format(R"({{"{}": {}, "weight_tying": false}})", field, value));
      };
      CHECK(codes(mapping, made_olmo(model), said("true")) == Codes{Code::requirement_failed});
      CHECK(codes(mapping, made_olmo(model), said("false")).empty());
      CHECK(codes(mapping, made_olmo(model), said("null")).empty());
    }
  }
  for (const std::string mixer : {R"({"rope": {"name": "complex"}})", R"({"qk_norm": {"eps": 0.25}})"}) {
    const std::string config =
        fmt::format(R"({{"model": {{"block": {{"layer_norm": {{"eps": 0.5}}, "sequence_mixer": {}}}}}}})", mixer);
    CHECK(codes("olmo_to_olmo_core", made_olmo_core(model, false),
                {Direction::left, {"tied=false"}, config_json(config), {}}) == Codes{Code::requirement_failed});
  }
  CHECK(codes("olmo", made_olmo(model), with_config(R"({"norm_after": false})")) == Codes{Code::requirement_failed});
  CHECK(codes("olmo", made_olmo(model), with_config(R"({"clip_qkv": 8.0})")) == Codes{Code::requirement_failed});
  CHECK(codes("olmoe", made_olmo_core(experts, true),
              with_config(R"({"model": {"block": {"name": "moe_reordered_norm", "sequence_mixer": {"qk_norm": {}},
                              "feed_forward_moe": {"name": "dropless"}}}})"))
            .front() == Code::requirement_failed);
  // Nothing but a config tells the size of a head.
  for (const Codes& found : {codes("megatron", made_megatron({}), {}), codes("meta_llama", made_meta({}), {})}) {
    CHECK_FALSE(found.empty());
    CHECK(std::ranges::count(found, Code::extent_undetermined) == std::ssize(found));
  }
  // Dense layers only.
  const Codes found =
      codes("vllm", made_hf(experts),
            {Direction::left, {}, config_json(R"({"num_hidden_layers": 3, "intermediate_size": 14})"), {}});
  CHECK(std::ranges::count(found, Code::source_missing) > 0);
  CHECK(std::ranges::count(found, Code::source_unclaimed) > 0);
}
