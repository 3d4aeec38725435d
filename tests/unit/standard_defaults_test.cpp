// What configs leave out, or say of another model: taken as Transformers takes it, or refused.
#include "tests/unit/standard_configs.h"

namespace {

using namespace omap;
using namespace omap::test;

}  // namespace

TEST_CASE("what a config of Hugging Face leaves out is what Transformers takes for its model type") {
  struct Left {
    std::string folder, mapping;
    std::int64_t theta;
    double eps;
    std::vector<std::string> settings = {};
  };
  const std::string block = "model.block.", rope = block + "sequence_mixer.rope.theta";
  for (const Left& left : std::vector<Left>{{"llama", "llama", 10000, 1e-6},
                                            {"olmo2", "olmo2", 10000, 1e-5},
                                            {"olmo3", "olmo3", 500000, 1e-5},
                                            {"qwen3", "qwen3", 10000, 1e-6},
                                            {"gemma3_text", "gemma3_text", 10000, 1e-6},
                                            {"flex_olmo", "flex_olmo", 500000, 1e-6, {"dropless=true"}},
                                            {"olmo_hybrid", "olmo_hybrid", 10000, 1e-6},
                                            {"qwen3_5_text", "qwen3_5", 10000, 1e-6}}) {
    CAPTURE(left.folder);
    const TensorIndex state = index_of(state_of(left.folder, "hf"));
    const Value config = json_file(fixtures / left.folder / "hf/config.json");
    const Value bare = without(without(config, "rope_parameters"), "rms_norm_eps");
    // Llama 2 says that nothing is scaled.
    for (const Value& read : {bare, with(bare, "rope_scaling", Value())}) {
      const Value made = made_config(left.mapping, state, {to_olmo_core, left.settings, {{"config.json", read}}, {}});
      CHECK(at(made, rope) == Value(left.theta));
      CHECK(at(made, block + "layer_norm.eps") == Value(left.eps));
    }
    const Value said = with(with(bare, "rope_theta", 20000), "rms_norm_eps", 0.25);
    const Value kept = made_config(left.mapping, state, {to_olmo_core, left.settings, {{"config.json", said}}, {}});
    if (left.mapping != "gemma3_text") CHECK(at(kept, rope) == Value(20000));
    CHECK(at(kept, block + "layer_norm.eps") == Value(0.25));
  }
  // Without a config, nothing is known to be left out.
  const Value unknown = made_config("llama", index_of(state_of("llama", "hf")), {to_olmo_core, {}, {}, {}});
  CHECK(at(unknown, block + "sequence_mixer.rope").member("theta") == nullptr);
  CHECK(at(unknown, block + "layer_norm").member("eps") == nullptr);
}

TEST_CASE("what a config leaves out is what its own library takes, where the other takes something else") {
  struct Left {
    std::string folder, mapping, side, field, written;
    Value taken;
    std::vector<std::string> settings = {};
  };
  const std::string router = "model.block.feed_forward_moe.router.", moe = "model.block.moe.",
                    delta = "model.block_overrides.0.sequence_mixer.", net = "model.block.gdn.sequence_mixer.";
  for (const Left& left : std::vector<Left>{
           {"flex_olmo", "flex_olmo", "hf", "num_experts_per_tok", router + "top_k", 5, {"dropless=true"}},
           {"flex_olmo", "flex_olmo", "olmo_core", router + "top_k", "num_experts_per_tok", 1},
           {"olmo3moe", "olmo3moe", "olmo_core", moe + "routed_experts_router.restore_weight_scale",
            "restore_weight_scale", false},
           {"olmo_hybrid", "olmo_hybrid", "hf", "linear_num_value_heads", delta + "n_v_heads", 4},
           {"olmo_hybrid", "olmo_hybrid", "hf", "linear_key_head_dim", delta + "head_dim", 10},
           {"olmo_hybrid", "olmo_hybrid", "hf", "linear_value_head_dim", delta + "expand_v", 1.5},
           {"qwen3_5_text", "qwen3_5", "hf", "linear_key_head_dim", delta + "head_dim", 10},
           {"qwen3_5_text", "qwen3_5", "hf", "linear_value_head_dim", delta + "expand_v", 1.5},
           {"qwen3_5_text", "qwen3_5", "olmo_core", net + "expand_v", "linear_value_head_dim", 20},
       }) {
    CAPTURE(left.mapping);
    CAPTURE(left.field);
    const Value config = json_file(fixtures / left.folder / left.side / "config.json");
    const std::size_t dot = left.field.rfind('.');
    const std::string name = left.field.substr(dot + 1);
    const std::string object = dot == std::string::npos ? "" : left.field.substr(0, dot);
    const Value bare =
        object.empty() ? without(config, name) : with_at(config, object, without(at(config, object), name));
    const Value made =
        made_config(left.mapping, index_of(state_of(left.folder, left.side)),
                    {left.side == "hf" ? to_olmo_core : to_hf, left.settings, {{"config.json", bare}}, {}});
    CHECK(at(made, left.written) == left.taken);
  }
  // What Qwen 3.5 takes is not what these tensors have.
  const Value config = without(json_file(fixtures / "qwen3_5_text/hf/config.json"), "linear_num_value_heads");
  const auto bound = bound_to(standard_plan("qwen3_5"), index_of(state_of("qwen3_5_text", "hf")),
                              {to_olmo_core, {}, {{"config.json", config}}, {}});
  REQUIRE_FALSE(bound);
  CHECK(codes(bound.error()) == std::vector<Code>{Code::requirement_failed});
}

TEST_CASE("a Gemma 3 of before Transformers 5 has its thetas by the layers' type") {
  const TensorIndex state = index_of(state_of("gemma3_text", "hf"));
  const Value now = json_file(fixtures / "gemma3_text/hf/config.json");
  const Value bare = without(now, "rope_parameters");
  const Value before = with(with(bare, "rope_theta", 1000000.0), "rope_local_base_freq", 10000.0);
  const auto made = [&](const Value& config) {
    return made_config("gemma3_text", state, {to_olmo_core, {}, {{"config.json", config}}, {}});
  };
  CHECK(made(before) == made(now));
  CHECK(made(bare) == made(now));
  CHECK(at(made(with(bare, "rope_local_base_freq", 30000.0)), "model.block.sequence_mixer.rope.theta") == Value(30000));
  CHECK(at(made(with(bare, "rope_theta", 30000.0)), "model.block_overrides.5.sequence_mixer.rope.theta") ==
        Value(30000));
}

TEST_CASE("layers that a config does not list have the types that Transformers gives them") {
  for (const auto& [family, every] : {std::pair<std::string, int>("olmo3", 4), {"gemma3_text", 6}}) {
    CAPTURE(family);
    const TensorIndex state = index_of(state_of(family, "hf"));
    const Value config = without(json_file(fixtures / family / "hf/config.json"), "_sliding_window_pattern");
    const Value bare = without(config, "layer_types");
    const auto windows = [&](const Value& read) {
      const Value made = made_config(family, state, {to_olmo_core, {}, {{"config.json", read}}, {}});
      return at(made, "model.block.sequence_mixer.sliding_window.pattern");
    };
    const auto one_in = [&](std::int64_t pattern) {
      Value::List list;
      const std::int64_t layers = *at(config, "num_hidden_layers").integer();
      for (std::int64_t layer = 0; layer < layers; ++layer) {
        list.push_back((layer + 1) % pattern == 0 ? Value(-1) : at(config, "sliding_window"));
      }
      return Value(std::move(list));
    };
    CHECK(windows(bare) == one_in(every));
    CHECK(windows(with(bare, "layer_types", Value())) == one_in(every));
    CHECK(windows(with(bare, "sliding_window_pattern", 3)) == one_in(3));
    // What lists them has the word.
    CHECK(windows(with(config, "sliding_window_pattern", 3)) == windows(config));
    CHECK(bound_to(standard_plan(family), state, {to_olmo_core, {}, {}, {}}));
  }
  const TensorIndex gemma = index_of(state_of("gemma3_text", "hf"));
  const Value saved =
      with(without(json_file(fixtures / "gemma3_text/hf/config.json"), "layer_types"), "_sliding_window_pattern", 2);
  const Value made = made_config("gemma3_text", gemma, {to_olmo_core, {}, {{"config.json", saved}}, {}});
  const Value windows = at(made, "model.block.sequence_mixer.sliding_window.pattern");
  REQUIRE(windows.list());
  CHECK(windows.list()->at(1) == Value(-1));
}

TEST_CASE("sliding windows whose size a config leaves out have what Transformers gives them") {
  for (const std::string family : {"olmo3", "gemma3_text"}) {
    CAPTURE(family);
    const Value config = json_file(fixtures / family / "hf/config.json");
    const auto made = [&](const Value& read) {
      return made_config(family, index_of(state_of(family, "hf")), {to_olmo_core, {}, {{"config.json", read}}, {}});
    };
    CHECK(made(without(config, "sliding_window")) == made(with(config, "sliding_window", 4096)));
  }
}

TEST_CASE("an OLMo 3 without sliding windows becomes blocks of full attention, and back an OLMo 2") {
  const Value config = json_file(fixtures / "olmo3/hf/config.json");
  const Value::List full(static_cast<std::size_t>(*at(config, "num_hidden_layers").integer()), "full_attention");
  const Value made = made_config("olmo3", index_of(state_of("olmo3", "hf")),
                                 {to_olmo_core, {}, {{"config.json", with(config, "layer_types", full)}}, {}});
  CHECK(at(made, "model.block.sequence_mixer").member("sliding_window") == nullptr);
  const Conversion back = {to_hf, {}, {{"config.json", made}}, {}};
  const TensorIndex state = index_of(state_of("olmo3", "olmo_core"));
  CHECK_FALSE(bound_to(standard_plan("olmo3"), state, back));
  const Value again = made_config("olmo2", state, back);
  CHECK(again.member("layer_types") == nullptr);
  CHECK(at(again, "rms_norm_eps") == at(config, "rms_norm_eps"));
}

TEST_CASE("a config that makes another model of the same weights is refused") {
  const auto found = [](const std::string& mapping, const TensorIndex& state, Direction direction,
                        const Value& config) {
    const auto bound = bound_to(standard_plan(mapping), state, {direction, {}, {{"config.json", config}}, {}});
    return bound ? std::vector<Code>() : codes(bound.error());
  };
  const std::vector<Code> none, refused = {Code::requirement_failed};
  const TensorIndex olmo2 = index_of(state_of("olmo2", "olmo_core"));
  const Value config = json_file(fixtures / "olmo2/olmo_core/config.json");
  // Complex rotations turn neighbours, the others halves.
  for (const auto& [name, codes] :
       {std::pair<std::string, std::vector<Code>>("default", none), {"fused", none}, {"complex", refused}}) {
    CAPTURE(name);
    const Value changed = with_at(config, "model.block.sequence_mixer.rope.name", name);
    CHECK(found("olmo2", olmo2, to_hf, changed) == codes);
  }
  CHECK(found("olmo2", olmo2, to_hf, with_at(config, "model.block.sequence_mixer.qk_norm.eps", 0.25)) == refused);
  Value larger = config;
  for (const std::string norm : {"block.sequence_mixer.qk_norm", "block.layer_norm", "lm_head.layer_norm"}) {
    larger = with_at(larger, "model." + norm + ".eps", 0.25);
  }
  CHECK(found("olmo2", olmo2, to_hf, larger) == none);

  const TensorIndex gemma = index_of(state_of("gemma3_text", "hf"));
  const Value text = json_file(fixtures / "gemma3_text/hf/config.json");
  CHECK(found("gemma3_text", gemma, to_olmo_core, text) == none);
  CHECK(found("gemma3_text", gemma, to_olmo_core, with(text, "use_bidirectional_attention", true)) == refused);
  CHECK(found("gemma3_text", gemma, to_olmo_core, with(text, "final_logit_softcapping", 30.0)) == refused);
  CHECK(found("gemma3_text", gemma, to_olmo_core, with(text, "attn_logit_softcapping", 50.0)) == refused);
}

TEST_CASE("queries, keys, values and the output have biases together, or none has") {
  // As a Qwen 2 has them, whose config says nothing of it.
  const std::vector<std::string> hf = {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj"};
  const std::vector<std::string> olmo_core = {"attention.w_q", "attention.w_k", "attention.w_v", "attention.w_out"};
  for (const Direction direction : {to_hf, to_olmo_core}) {
    const std::string side = direction == to_hf ? "olmo_core" : "hf";
    CAPTURE(side);
    const TensorIndex state = index_of(state_of("llama", side));
    const auto found = [&](std::size_t biased, bool in_all_layers) {
      std::vector<TensorInfo> infos = state.tensors();
      for (const TensorInfo& weight : state.tensors()) {
        for (std::size_t part = 0; part < biased; ++part) {
          const std::string name = (side == "hf" ? hf : olmo_core).at(part);
          if (!weight.key.ends_with(name + ".weight")) continue;
          if (!in_all_layers && weight.key.find("s.1.") == std::string::npos) continue;
          TensorInfo bias = weight;
          bias.key.replace(bias.key.size() - 6, 6, "bias");
          bias.shape.pop_back();
          bias.bytes.size = static_cast<std::uint64_t>(bias.shape.front()) * 2;
          infos.push_back(std::move(bias));
        }
      }
      Configs configs = config_of("llama", side);
      if (side == "hf")
        configs.at("config.json") = with(configs.at("config.json"), "attention_bias", biased == 4 && in_all_layers);
      const auto bound = bound_to(standard_plan("llama"), TensorIndex({"made.safetensors"}, std::move(infos)),
                                  {direction, {}, configs, {}});
      return bound ? std::vector<Code>() : codes(bound.error());
    };
    const std::vector<Code> none, refused = {Code::requirement_failed};
    CHECK(found(0, true) == none);
    CHECK(found(1, true) == refused);
    CHECK(found(3, true) == refused);
    CHECK(found(4, true) == none);
    CHECK(found(4, false) == refused);
  }
}
