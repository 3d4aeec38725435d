// What OLMo-core 3.0 with Transformers 5 gets wrong, right here: each case named after what users meet.
#include <algorithm>
#include <cmath>

#include "tests/unit/standard_configs.h"

namespace {

namespace fs = std::filesystem;
using namespace omap;
using namespace omap::test;

}  // namespace

TEST_CASE("the size of a head is kept where it is not the width by the heads") {
  const Conversion exported{to_hf, {}, config_of("olmo2_headdim", "olmo_core"), {}};
  const Value hf = made_config("olmo2", index_of(state_of("olmo2_headdim", "olmo_core")), exported);
  CHECK(at(hf, "head_dim") == Value(10));
  const Conversion imported{to_olmo_core, {}, {{"config.json", hf}}, {}};
  const Value olmo_core = made_config("olmo2", index_of(state_of("olmo2_headdim", "hf")), imported);
  CHECK(at(olmo_core, "model.block.sequence_mixer.head_dim") == Value(10));
}

TEST_CASE("a padded vocabulary is cut to the tokenizer's, or kept, or padded with zeros, and never drawn") {
  const Plan plan = standard_plan("olmo2");
  const Conversion cut{to_hf, {}, config_of("olmo2", "olmo_core"), {}};
  const auto rows = [](const MadeTensor& tensor) { return tensor.info.shape[0]; };
  const auto released = converted(plan, state_of("olmo2", "olmo_core"), cut);
  CHECK(rows(released.at("lm_head.weight")) == 61);
  CHECK(rows(released.at("model.embed_tokens.weight")) == 61);

  Conversion kept = cut;
  kept.settings = {"vocab=72"};
  const auto whole = converted(plan, state_of("olmo2", "olmo_core"), kept);
  CHECK(whole.at("lm_head.weight").bytes ==
        converted(plan, state_of("olmo2", "hf"), {to_olmo_core, {}, config_of("olmo2", "hf"), {}})
            .at("lm_head.w_out.weight")
            .bytes);

  // Importing keeps the rows that it finds, or adds zeros.
  const CheckpointFolder folder;
  std::vector<MadeTensor> tensors;
  for (const auto& [key, tensor] : released) tensors.push_back(tensor);
  const fs::path cut_file = folder.write("cut.safetensors", tensors);
  const Conversion back{to_olmo_core, {}, config_of("olmo2", "hf"), {}};
  CHECK(rows(converted(plan, cut_file, back).at("embeddings.weight")) == 61);
  Conversion padded = back;
  padded.settings = {"padded_vocab=128"};
  const auto grown = converted(plan, cut_file, padded);
  for (const auto& [name, from] : {std::pair("embeddings.weight", "model.embed_tokens.weight"),
                                   std::pair("lm_head.w_out.weight", "lm_head.weight")}) {
    const MadeTensor& made = grown.at(name);
    CHECK(rows(made) == 128);
    const auto& source = released.at(from).bytes;
    CHECK(std::equal(source.begin(), source.end(), made.bytes.begin()));
    CHECK(std::all_of(made.bytes.begin() + static_cast<std::ptrdiff_t>(source.size()), made.bytes.end(),
                      [](std::byte byte) { return byte == std::byte{0}; }));
  }
  CHECK(at(made_config("olmo2", index_of(cut_file), padded), "model.vocab_size") == Value(128));
  Conversion smaller = back;
  smaller.settings = {"padded_vocab=60"};
  const auto refused = bound_to(plan, index_of(cut_file), smaller);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().front().code == Code::value_type);
}

TEST_CASE("FlexOlmo's two layouts of experts are one in Hugging Face, and an import says which it wants") {
  for (const bool dropless : {false, true}) {
    CAPTURE(dropless);
    const std::string folder = dropless ? "flex_olmo_dropless" : "flex_olmo";
    const Plan plan = standard_plan("flex_olmo");
    const auto unasked =
        bound_to(plan, index_of(state_of(folder, "hf")), {to_olmo_core, {}, config_of(folder, "hf"), {}});
    REQUIRE_FALSE(unasked);
    CHECK(unasked.error().front().code == Code::value_unavailable);
    // Into the other layout, and from there to Hugging Face: the same experts.
    const std::string other = dropless ? "dropless=false" : "dropless=true";
    const Conversion imported{to_olmo_core, {other}, config_of(folder, "hf"), {}};
    const auto state = converted(plan, state_of(folder, "hf"), imported);
    const Value config = made_config("flex_olmo", index_of(state_of(folder, "hf")), imported);
    CHECK(at(config, "model.block.feed_forward_moe.name") == Value(dropless ? "default" : "dropless"));
    const CheckpointFolder written;
    std::vector<MadeTensor> tensors;
    for (const auto& [key, tensor] : state) tensors.push_back(tensor);
    const fs::path file = written.write("state.safetensors", tensors);
    const auto again = converted(plan, file, {to_hf, {}, {{"config.json", config}}, {}});
    const auto wanted = open_checkpoint(state_of(folder, "hf"));
    REQUIRE(wanted);
    REQUIRE(again.size() == wanted->index().tensors().size());
    for (const TensorInfo& info : wanted->index().tensors()) {
      std::vector<std::byte> bytes(info.bytes.size);
      REQUIRE(wanted->read(info.bytes.file, info.bytes.offset, bytes));
      CHECK(again.at(info.key).bytes == bytes);
    }
  }
}

TEST_CASE("an OLMo Hybrid is read in every spelling of its keys, and written as Transformers loads it") {
  const TensorIndex peers = index_of(state_of("olmo_hybrid", "hf"));
  const auto respelled = [&](const std::vector<std::pair<std::string, std::string>>& names) {
    std::vector<TensorInfo> infos = peers.tensors();
    for (TensorInfo& info : infos) {
      for (const auto& [from, to] : names) {
        const std::size_t found = info.key.find(from);
        if (found != std::string::npos) info.key.replace(found, from.size(), to);
      }
    }
    return TensorIndex({"made.safetensors"}, std::move(infos));
  };
  const Conversion imported{to_olmo_core, {}, config_of("olmo_hybrid", "hf"), {}};
  const Plan plan = standard_plan("olmo_hybrid");
  const auto exporter = bound_to(plan, peers, imported);
  const auto transformers = bound_to(
      plan, respelled({{"linear_attn.out_proj", "linear_attn.o_proj"}, {"linear_attn.norm", "linear_attn.o_norm"}}),
      imported);
  const auto release = bound_to(plan,
                                respelled({{"linear_attn.out_proj", "linear_attn.o_proj"},
                                           {"linear_attn.norm", "linear_attn.o_norm"},
                                           {"layers.0.input_layernorm", "layers.0.attention_layer_norm"},
                                           {"layers.0.post_attention_layernorm", "layers.0.feedforward_layer_norm"},
                                           // As Transformers saves it, in layers of attention too.
                                           {"layers.2.post_attention_layernorm", "layers.2.feedforward_layer_norm"}}),
                                imported);
  for (const auto* bound : {&exporter, &transformers, &release}) {
    REQUIRE(*bound);
    CHECK((*bound)->program.destinations.size() == peers.tensors().size());
  }
  const auto written = bound_to(plan, index_of(state_of("olmo_hybrid", "olmo_core")),
                                {to_hf, {}, config_of("olmo_hybrid", "olmo_core"), {}});
  REQUIRE(written);
  const auto has = [&](const std::string& key) {
    return std::ranges::find(written->program.destinations, key, &Destination::key) !=
           written->program.destinations.end();
  };
  CHECK(has("model.layers.0.linear_attn.o_proj.weight"));
  CHECK(has("model.layers.0.linear_attn.o_norm.weight"));
  CHECK_FALSE(has("model.layers.0.linear_attn.out_proj.weight"));
}

TEST_CASE("tensors of float32 in a model of bf16 stay as they are, both ways") {
  for (const auto& [folder, mapping] :
       {std::pair("olmo_hybrid", "olmo_hybrid"), std::pair("olmo3moe_kda", "olmo3moe")}) {
    CAPTURE(folder);
    for (const Direction direction : {to_hf, to_olmo_core}) {
      const std::string side = direction == to_hf ? "olmo_core" : "hf";
      const TensorIndex state = index_of(state_of(folder, side));
      const auto bound = bound_to(standard_plan(mapping), state, {direction, {}, config_of(folder, side), {}});
      REQUIRE(bound);
      const auto count = [](const auto& all, const auto& dtype) { return std::ranges::count(all, Dtype::f32, dtype); };
      const auto kept = count(bound->program.destinations, &Destination::dtype);
      CHECK(kept > 0);
      CHECK(kept == count(state.tensors(), &TensorInfo::dtype));
      CHECK(kept < static_cast<std::ptrdiff_t>(state.tensors().size()));
    }
  }
}

TEST_CASE("a tied head is read whether it is there or not, and has to equal the embeddings") {
  const Plan plan = standard_plan("olmo2");
  const Conversion imported{to_olmo_core, {}, config_of("olmo2_tied", "hf"), {}};
  const auto twice = converted(plan, state_of("olmo2_tied", "hf"), imported);
  const auto once = converted(plan, fixtures / "olmo2_tied/hf/model.safetensors", imported);
  REQUIRE(twice.size() == once.size());
  for (const auto& [key, tensor] : twice) CHECK(once.at(key).bytes == tensor.bytes);
  CHECK(once.at("lm_head.w_out.weight").bytes == once.at("embeddings.weight").bytes);
  // Without a config, the missing head says so.
  CHECK(converted(plan, fixtures / "olmo2_tied/hf/model.safetensors", {to_olmo_core, {}, {}, {}}).size() ==
        once.size());
}

TEST_CASE("that norms are rounded is said before a run, and of no other family is anything") {
  for (const Family& family : standard_families()) {
    CAPTURE(family.folder);
    const Plan plan = standard_plan(family.mapping);
    const auto bound = bound_to(plan, index_of(state_of(family.folder, "olmo_core")),
                                {to_hf, {}, config_of(family.folder, "olmo_core"), {}});
    REQUIRE(bound);
    const bool rounds = family.mapping == "gemma3_text" || family.mapping == "qwen3_5";
    const auto notes = codes(bound->notes);
    CHECK((std::ranges::find(notes, Code::result_inexact) != notes.end()) == rounds);
    for (const ConcreteRule& rule : bound->rules) {
      const std::string& key = bound->program.destinations[rule.destinations.front()].key;
      const bool inexact = is_inexact(plan.rules[rule.rule]);
      CAPTURE(key);
      // Gated delta nets have a norm of their own, which is stored as it is.
      CHECK(inexact ==
            (rounds && key.find("norm") != std::string::npos && key.find("linear_attn.") == std::string::npos));
    }
  }
}

TEST_CASE("a result that is exact on the values that are there is said to be") {
  const CheckpointFolder folder;
  const Family gemma{"gemma3_text", "gemma3_text"};
  const fs::path source = directory_of(folder, gemma, "olmo_core");
  driver::Console console;
  console.quiet = true;
  driver::VerifyArguments arguments;
  arguments.mapping = "std:gemma3_text";
  arguments.from = "olmo_core=" + source.string();
  // w - 1 of a w near 1 loses no bit in bf16.
  CHECK(driver::verify(console, arguments) == driver::done);
  fs::remove_all(source);
  const fs::path rounded = directory_of(folder, {"qwen3_5_text", "qwen3_5"}, "hf");
  arguments.mapping = "std:qwen3_5";
  arguments.from = "hf=" + rounded.string();
  CHECK(driver::verify(console, arguments) != driver::done);
}

TEST_CASE("who writes an OLMo 3 MoE for Transformers is told of the files that it needs") {
  const auto note = [](Direction direction, const std::string& side) {
    const auto bound = bound_to(standard_plan("olmo3moe"), index_of(state_of("olmo3moe", side)),
                                {direction, {}, config_of("olmo3moe", side), {}});
    REQUIRE(bound);
    const auto found = std::ranges::find(bound->notes, Code::mapping_note, &Diagnostic::code);
    CHECK(bound->configs.contains("config.json") == (direction == to_hf));
    return found == bound->notes.end() ? std::string() : found->message;
  };
  const std::string exported = note(to_hf, "olmo_core");
  CHECK(exported.find("configuration_olmo3moe.py") != std::string::npos);
  CHECK(exported.find("modeling_olmo3moe.py") != std::string::npos);
  // That there is no config.json is said where none is given.
  CHECK(note(to_olmo_core, "hf").empty());
}

TEST_CASE("the text part of a multimodal Qwen 3.5 is read, and written as a text model") {
  const TensorIndex text = index_of(state_of("qwen3_5_text", "hf"));
  std::vector<TensorInfo> infos = text.tensors();
  for (TensorInfo& info : infos) {
    if (info.key.starts_with("model.")) info.key = "model.language_model." + info.key.substr(6);
  }
  const std::size_t tensors = infos.size();
  for (const std::string key : {"model.visual.blocks.0.attn.qkv.weight", "mtp.norm.weight"}) {
    infos.push_back({key, Dtype::f32, {1}, {0, 0, 4}});
  }
  const TensorIndex whole({"made.safetensors"}, std::move(infos));
  const Value config = json_file(fixtures / "qwen3_5_text/hf/config.json");
  Value::Object multimodal = {{"model_type", "qwen3_5"},
                              {"tie_word_embeddings", false},
                              {"vision_config", Value::Object{}},
                              {"text_config", without(config, "tie_word_embeddings")}};
  const Plan plan = standard_plan("qwen3_5");
  const Conversion imported{to_olmo_core, {}, {{"config.json", multimodal}}, {}};
  const auto bound = bound_to(plan, whole, imported);
  if (!bound) FAIL_CHECK(bound.error().front().message);
  REQUIRE(bound);
  CHECK(bound->ignored == 2);
  const auto plain = bound_to(plan, text, {to_olmo_core, {}, config_of("qwen3_5_text", "hf"), {}});
  REQUIRE(plain);
  REQUIRE(bound->program.destinations.size() == plain->program.destinations.size());
  CHECK(tensors < bound->program.destinations.size());
  CHECK(bound->configs.at("config.json") == plain->configs.at("config.json"));
  // Without a config the sizes of fused tensors come from the others.
  CHECK(bound_to(plan, whole, {to_olmo_core, {}, {}, {}}));
}

TEST_CASE("RoPE is read as Transformers 4 and 5 write it") {
  const TensorIndex state = index_of(state_of("olmo3_yarn", "hf"));
  const Value now = json_file(fixtures / "olmo3_yarn/hf/config.json");
  Value::Object scaling = *now.member("rope_parameters")->member("full_attention")->object();
  std::erase_if(scaling, [](const auto& member) { return member.first == "rope_theta"; });
  const Value before = with(with(without(now, "rope_parameters"), "rope_theta", 500000), "rope_scaling", scaling);
  const Value made = made_config("olmo3", state, {to_olmo_core, {}, {{"config.json", now}}, {}});
  CHECK(made == made_config("olmo3", state, {to_olmo_core, {}, {{"config.json", before}}, {}}));
  CHECK(at(made, "model.block_overrides.2.sequence_mixer.rope.scaling.beta_fast") == Value(24));
  CHECK(at(made, "model.block_overrides.2.sequence_mixer.qk_norm.eps") == at(made, "model.block.layer_norm.eps"));
  CHECK(made.member("model")->member("block")->member("sequence_mixer")->member("rope")->member("scaling") == nullptr);

  // Llama 3.1, as its release says it.
  const TensorIndex llama = index_of(state_of("llama", "hf"));
  const Value config = json_file(fixtures / "llama/hf/config.json");
  const Value::Object released = {{"factor", 8.0},
                                  {"low_freq_factor", 1.0},
                                  {"high_freq_factor", 4.0},
                                  {"original_max_position_embeddings", 8192},
                                  {"rope_type", "llama3"}};
  const Value old = with(with(without(config, "rope_parameters"), "rope_theta", 500000.0), "rope_scaling", released);
  const Value scaled = made_config("llama", llama, {to_olmo_core, {}, {{"config.json", old}}, {}});
  const std::string rope = "model.block.sequence_mixer.rope.";
  CHECK(at(scaled, rope + "theta") == Value(500000));
  CHECK(at(scaled, rope + "scaling.old_context_len") == Value(8192));
  CHECK(at(scaled, rope + "scaling.low_freq_proportion") == Value(0.0));
  CHECK(at(scaled, rope + "scaling.high_freq_proportion") == Value(0.25));
  const Value again =
      made_config("llama", index_of(state_of("llama", "olmo_core")), {to_hf, {}, {{"config.json", scaled}}, {}});
  CHECK(at(again, "rope_parameters.low_freq_factor") == Value(1.0));
  CHECK(at(again, "rope_parameters.high_freq_factor") == Value(4.0));
  CHECK(at(again, "rope_parameters.rope_type") == Value("llama3"));
}

TEST_CASE("what the other side cannot say is refused, not left out") {
  const auto refused = [](const std::string& mapping, const TensorIndex& state, Direction direction,
                          const Value& config) {
    const auto bound = bound_to(standard_plan(mapping), state, {direction, {}, {{"config.json", config}}, {}});
    return !bound && codes(bound.error()) == std::vector<Code>{Code::requirement_failed};
  };
  const TensorIndex llama = index_of(state_of("llama", "hf"));
  const Value config = json_file(fixtures / "llama/hf/config.json");
  const auto roped = [&](Value::Object scaling) {
    return with(with(without(config, "rope_parameters"), "rope_theta", 10000.0), "rope_scaling", std::move(scaling));
  };
  CHECK(refused("llama", llama, to_olmo_core, roped({{"rope_type", "longrope"}, {"factor", 4.0}})));
  CHECK(refused("llama", llama, to_olmo_core,
                roped({{"rope_type", "yarn"}, {"factor", 4.0}, {"attention_factor", 1.5}})));
  CHECK_FALSE(refused("llama", llama, to_olmo_core,
                      roped({{"rope_type", "yarn"}, {"factor", 4.0}, {"attention_factor", 0.1 * std::log(4.0) + 1}})));
  CHECK(refused("qwen3", index_of(state_of("qwen3", "hf")), to_olmo_core,
                with(json_file(fixtures / "qwen3/hf/config.json"), "use_sliding_window", true)));
  CHECK(refused("gemma3_text", index_of(state_of("gemma3_text", "hf")), to_olmo_core,
                with(json_file(fixtures / "gemma3_text/hf/config.json"), "query_pre_attn_scalar", 168)));
}

TEST_CASE("whole numbers in place of weights are refused, on both sides") {
  for (const Family& family : standard_families()) {
    for (const Direction direction : {to_hf, to_olmo_core}) {
      const std::string side = direction == to_hf ? "olmo_core" : "hf";
      CAPTURE(family.mapping);
      CAPTURE(side);
      const TensorIndex state = index_of(state_of(family.folder, side));
      const auto refused = [&](const std::string& changed) {
        std::vector<TensorInfo> infos = state.tensors();
        for (TensorInfo& info : infos) {
          if (info.key.ends_with(changed) && info.dtype == Dtype::bf16) info.dtype = Dtype::i16;
          if (info.key.ends_with(changed) && info.dtype == Dtype::f32) info.dtype = Dtype::i32;
        }
        const std::vector<std::string> settings =
            direction == to_olmo_core ? family.import_settings : std::vector<std::string>();
        const auto bound = bound_to(standard_plan(family.mapping), TensorIndex({"made.safetensors"}, std::move(infos)),
                                    {direction, settings, config_of(family.folder, side), {}});
        return !bound && bound.error().front().message.starts_with("whole numbers in place of weights");
      };
      CHECK_FALSE(refused("nothing"));
      CHECK(refused(direction == to_hf ? "embeddings.weight" : "embed_tokens.weight"));
      CHECK(refused(direction == to_hf ? "attention.w_q.weight" : "self_attn.q_proj.weight"));
    }
  }
}
