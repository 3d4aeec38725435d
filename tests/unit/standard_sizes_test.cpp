// The standard mappings at other sizes than those of the fixtures. A table has the keys of each family on both sides,
// and their shapes in the sizes of a model; the fixtures, which the peers made, confirm it at theirs.
#include <charconv>
#include <functional>
#include <map>

#include "tests/unit/conversion.h"
#include "tests/unit/standard_families.h"

namespace {

namespace fs = std::filesystem;
using namespace omap;
using namespace omap::test;

/// What a model is like: numbers, and which layers, experts and so on there are.
struct Model {
  std::map<std::string, std::int64_t, std::less<>> numbers;
  std::map<std::string, std::vector<std::int64_t>, std::less<>> indexes;
};

std::vector<std::int64_t> up_to(std::int64_t end) {
  std::vector<std::int64_t> all;
  for (std::int64_t i = 0; i < end; ++i) all.push_back(i);
  return all;
}

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(at), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

/// `2*keys+values`.
std::int64_t extent(const Model& model, const std::string& text) {
  std::int64_t sum = 0;
  for (const std::string& term : split(text, '+')) {
    std::int64_t product = 1;
    for (const std::string& factor : split(term, '*')) {
      const auto known = model.numbers.find(factor);
      product *= known == model.numbers.end() ? std::stoll(factor) : known->second;
    }
    sum += product;
  }
  return sum;
}

using Shapes = std::map<std::string, std::vector<std::int64_t>>;

void expand(const Model& model, const std::string& key, const std::vector<std::int64_t>& shape, Shapes& shapes) {
  const std::size_t open = key.find('{');
  if (open == std::string::npos) {
    CHECK(shapes.emplace(key, shape).second);
    return;
  }
  const std::size_t close = key.find('}');
  const auto index = model.indexes.find(key.substr(open + 1, close - open - 1));
  if (index == model.indexes.end()) return;
  for (const std::int64_t value : index->second) {
    expand(model, key.substr(0, open) + std::to_string(value) + key.substr(close + 1), shape, shapes);
  }
}

/// Lines of a table: a key and its shape.
Shapes shapes_of(const Model& model, std::string_view table) {
  Shapes shapes;
  for (const std::string& line : split(table, '\n')) {
    std::vector<std::string> words = split(line, ' ');
    if (words.empty()) continue;
    std::vector<std::int64_t> shape;
    for (std::size_t i = 1; i < words.size(); ++i) shape.push_back(extent(model, words[i]));
    expand(model, words[0], shape, shapes);
  }
  return shapes;
}

const std::string hf_ends = R"(
model.embed_tokens.weight vocab d
lm_head.weight vocab d
model.norm.weight d
)";
const std::string olmo_core_ends = R"(
embeddings.weight vocab d
lm_head.w_out.weight vocab d
lm_head.norm.weight d
)";
const std::string hf_attention = R"(
model.layers.{attn}.self_attn.q_proj.weight heads*hd d
model.layers.{attn}.self_attn.k_proj.weight kv*hd d
model.layers.{attn}.self_attn.v_proj.weight kv*hd d
model.layers.{attn}.self_attn.o_proj.weight d heads*hd
)";
const std::string olmo_core_attention = R"(
blocks.{attn}.attention.w_q.weight heads*hd d
blocks.{attn}.attention.w_k.weight kv*hd d
blocks.{attn}.attention.w_v.weight kv*hd d
blocks.{attn}.attention.w_out.weight d heads*hd
)";
const std::string hf_mlp = R"(
model.layers.{layer}.mlp.gate_proj.weight ff d
model.layers.{layer}.mlp.down_proj.weight d ff
model.layers.{layer}.mlp.up_proj.weight ff d
)";
const std::string olmo_core_mlp = R"(
blocks.{layer}.feed_forward.w1.weight ff d
blocks.{layer}.feed_forward.w2.weight d ff
blocks.{layer}.feed_forward.w3.weight ff d
)";
const std::string hf_norms_behind = R"(
model.layers.{attn}.post_attention_layernorm.weight d
model.layers.{attn}.post_feedforward_layernorm.weight d
model.layers.{attn}.self_attn.q_norm.weight heads*hd
model.layers.{attn}.self_attn.k_norm.weight kv*hd
)";
const std::string hf_norms_before = R"(
model.layers.{layer}.input_layernorm.weight d
model.layers.{layer}.post_attention_layernorm.weight d
)";
const std::string olmo_core_norms = R"(
blocks.{layer}.attention_norm.weight d
blocks.{layer}.feed_forward_norm.weight d
)";
const std::string olmo_core_qk_norms = R"(
blocks.{attn}.attention.q_norm.weight heads*hd
blocks.{attn}.attention.k_norm.weight kv*hd
)";
const std::string hf_head_norms = R"(
model.layers.{attn}.self_attn.q_norm.weight hd
model.layers.{attn}.self_attn.k_norm.weight hd
)";
const std::string olmo_core_head_norms = R"(
blocks.{attn}.attention.q_norm.weight hd
blocks.{attn}.attention.k_norm.weight hd
)";

struct Tables {
  std::string hf, olmo_core;
};

const std::map<std::string, Tables>& tables() {
  static const std::map<std::string, Tables> all = {
      {"olmo2",
       {hf_ends + hf_attention + hf_mlp + hf_norms_behind,
        olmo_core_ends + olmo_core_attention + olmo_core_mlp + olmo_core_norms + olmo_core_qk_norms}},
      {"llama",
       {hf_ends + hf_attention + hf_mlp + hf_norms_before,
        olmo_core_ends + olmo_core_attention + olmo_core_mlp + olmo_core_norms}},
      {"qwen3",
       {hf_ends + hf_attention + hf_mlp + hf_norms_before + hf_head_norms,
        olmo_core_ends + olmo_core_attention + olmo_core_mlp + olmo_core_norms + olmo_core_head_norms}},
      {"gemma3_text",
       {hf_ends + hf_attention + hf_mlp + hf_norms_before + hf_head_norms + R"(
model.layers.{layer}.pre_feedforward_layernorm.weight d
model.layers.{layer}.post_feedforward_layernorm.weight d
)",
        olmo_core_ends + olmo_core_attention + olmo_core_mlp + olmo_core_norms + olmo_core_head_norms + R"(
blocks.{layer}.post_attention_norm.weight d
blocks.{layer}.post_feed_forward_norm.weight d
)"}},
      {"flex_olmo",
       {hf_ends + hf_attention + hf_norms_behind + R"(
model.layers.{layer}.mlp.gate.weight experts d
model.layers.{layer}.mlp.experts.{expert}.gate_proj.weight ff d
model.layers.{layer}.mlp.experts.{expert}.down_proj.weight d ff
model.layers.{layer}.mlp.experts.{expert}.up_proj.weight ff d
)",
        olmo_core_ends + olmo_core_attention + olmo_core_norms + olmo_core_qk_norms + R"(
blocks.{layer}.feed_forward_moe.router.weight experts*d
blocks.{layer}.feed_forward_moe.experts.mlp.w1 experts*outer inner
blocks.{layer}.feed_forward_moe.experts.mlp.w2 experts*ff d
blocks.{layer}.feed_forward_moe.experts.mlp.w3 experts*outer inner
)"}},
      {"qwen3_5",
       {hf_ends + hf_mlp + hf_norms_before + hf_head_norms + R"(
model.layers.{attn}.self_attn.q_proj.weight 2*heads*hd d
model.layers.{attn}.self_attn.k_proj.weight kv*hd d
model.layers.{attn}.self_attn.v_proj.weight kv*hd d
model.layers.{attn}.self_attn.o_proj.weight d heads*hd
model.layers.{gdn}.linear_attn.in_proj_qkv.weight 2*keys*kd+values*vd d
model.layers.{gdn}.linear_attn.conv1d.weight 2*keys*kd+values*vd 1 conv
model.layers.{gdn}.linear_attn.in_proj_z.weight values*vd d
model.layers.{gdn}.linear_attn.in_proj_a.weight values d
model.layers.{gdn}.linear_attn.in_proj_b.weight values d
model.layers.{gdn}.linear_attn.out_proj.weight d values*vd
model.layers.{gdn}.linear_attn.norm.weight vd
model.layers.{gdn}.linear_attn.A_log values
model.layers.{gdn}.linear_attn.dt_bias values
)",
        olmo_core_ends + olmo_core_attention + olmo_core_mlp + olmo_core_norms + olmo_core_head_norms + R"(
blocks.{attn}.attention.w_g.weight heads*hd d
)"}},
      {"olmo_hybrid",
       {hf_ends + hf_attention + hf_mlp + hf_norms_behind + R"(
model.layers.{gdn}.input_layernorm.weight d
model.layers.{gdn}.post_attention_layernorm.weight d
model.layers.{gdn}.linear_attn.q_proj.weight keys*kd d
model.layers.{gdn}.linear_attn.k_proj.weight keys*kd d
model.layers.{gdn}.linear_attn.v_proj.weight values*vd d
model.layers.{gdn}.linear_attn.q_conv1d.weight keys*kd 1 conv
model.layers.{gdn}.linear_attn.k_conv1d.weight keys*kd 1 conv
model.layers.{gdn}.linear_attn.v_conv1d.weight values*vd 1 conv
model.layers.{gdn}.linear_attn.a_proj.weight values d
model.layers.{gdn}.linear_attn.b_proj.weight values d
model.layers.{gdn}.linear_attn.g_proj.weight values*vd d
model.layers.{gdn}.linear_attn.out_proj.weight d values*vd
model.layers.{gdn}.linear_attn.norm.weight vd
model.layers.{gdn}.linear_attn.A_log values
model.layers.{gdn}.linear_attn.dt_bias values
)",
        olmo_core_ends + olmo_core_attention + olmo_core_mlp + olmo_core_norms + olmo_core_qk_norms}},
      {"olmo3moe",
       {hf_ends + hf_attention + hf_head_norms + R"(
model.layers.{layer}.post_attention_layernorm.weight d
model.layers.{layer}.post_feedforward_layernorm.weight d
model.layers.{attn}.self_attn.g_proj.weight heads d
model.layers.{dense}.mlp.gate_proj.weight ff d
model.layers.{dense}.mlp.down_proj.weight d ff
model.layers.{dense}.mlp.up_proj.weight ff d
model.layers.{sparse}.mlp.router.gate.weight experts d
model.layers.{sparse}.mlp.experts.{expert}.gate_proj.weight moe d
model.layers.{sparse}.mlp.experts.{expert}.down_proj.weight d moe
model.layers.{sparse}.mlp.experts.{expert}.up_proj.weight moe d
model.layers.{sparse}.mlp.shared_expert.gate_proj.weight shared d
model.layers.{sparse}.mlp.shared_expert.down_proj.weight d shared
model.layers.{sparse}.mlp.shared_expert.up_proj.weight shared d
)",
        olmo_core_ends + olmo_core_attention + olmo_core_norms + olmo_core_head_norms + R"(
blocks.{attn}.attention.w_g.weight heads d
blocks.{dense}.feed_forward.w1.weight ff d
blocks.{dense}.feed_forward.w2.weight d ff
blocks.{dense}.feed_forward.w3.weight ff d
blocks.{sparse}.routed_experts_router.weight experts*d
blocks.{sparse}.routed_experts.w_up_gate experts 2*moe d
blocks.{sparse}.routed_experts.w_down experts moe d
blocks.{sparse}.shared_experts.w_up_gate d 2*shared
blocks.{sparse}.shared_experts.w_down 1 shared d
)"}},
  };
  return all;
}

/// Of gated delta nets OLMo-core keeps the parts apart, in both families that have them.
const std::string olmo_core_delta_nets = R"(
blocks.{gdn}.attention.w_q.weight keys*kd d
blocks.{gdn}.attention.w_k.weight keys*kd d
blocks.{gdn}.attention.w_v.weight values*vd d
blocks.{gdn}.attention.q_conv1d.weight keys*kd 1 conv
blocks.{gdn}.attention.k_conv1d.weight keys*kd 1 conv
blocks.{gdn}.attention.v_conv1d.weight values*vd 1 conv
blocks.{gdn}.attention.w_a.weight values d
blocks.{gdn}.attention.w_b.weight values d
blocks.{gdn}.attention.w_g.weight values*vd d
blocks.{gdn}.attention.w_out.weight d values*vd
blocks.{gdn}.attention.o_norm.weight vd
blocks.{gdn}.attention.A_log values
blocks.{gdn}.attention.dt_bias values
)";

Shapes shapes_on(const std::string& side, const std::string& mapping, const Model& model) {
  const Tables& table = tables().at(mapping == "olmo3" ? "olmo2" : mapping);
  if (side == "hf") return shapes_of(model, table.hf);
  const bool nets = model.indexes.contains("gdn");
  return shapes_of(model, table.olmo_core + (nets ? olmo_core_delta_nets : std::string()));
}

/// A model, from the config of Hugging Face.
Model model_of(const Value& config, bool dropless) {
  Model model;
  const auto number = [&](const std::string& name, const std::string& field) {
    const Value* value = config.member(field);
    if (value && value->integer()) model.numbers[name] = *value->integer();
  };
  number("d", "hidden_size");
  number("vocab", "vocab_size");
  number("heads", "num_attention_heads");
  number("kv", "num_key_value_heads");
  number("ff", config.member("dense_mlp_intermediate_size") ? "dense_mlp_intermediate_size" : "intermediate_size");
  number("hd", "head_dim");
  if (!model.numbers.contains("hd")) model.numbers["hd"] = model.numbers["d"] / model.numbers["heads"];
  number("experts", config.member("n_routed_experts") ? "n_routed_experts" : "num_experts");
  number("moe", "moe_intermediate_size");
  number("shared", "shared_expert_intermediate_size");
  number("keys", "linear_num_key_heads");
  number("kd", "linear_key_head_dim");
  number("values", "linear_num_value_heads");
  number("vd", "linear_value_head_dim");
  number("conv", "linear_conv_kernel_dim");
  model.numbers["outer"] = model.numbers[dropless ? "ff" : "d"];
  model.numbers["inner"] = model.numbers[dropless ? "d" : "ff"];
  const std::int64_t layers = *config.member("num_hidden_layers")->integer();
  model.indexes["layer"] = up_to(layers);
  if (model.numbers.contains("experts")) model.indexes["expert"] = up_to(model.numbers["experts"]);
  const Value* types = config.member("layer_types");
  const Value* dense = config.member("dense_layers_indices");
  for (const std::int64_t layer : model.indexes["layer"]) {
    const bool linear = types && (*types->list())[static_cast<std::size_t>(layer)] == Value("linear_attention");
    model.indexes[linear ? "gdn" : "attn"].push_back(layer);
    if (dense) {
      const auto& all = *dense->list();
      model.indexes[std::ranges::find(all, Value(layer)) == all.end() ? "sparse" : "dense"].push_back(layer);
    }
  }
  return model;
}

Value changed(const Value& config, const Value::Object& fields) {
  Value::Object made = *config.object();
  for (const auto& [name, value] : fields) {
    const auto old = std::ranges::find(made, name, &std::pair<std::string, Value>::first);
    if (old == made.end()) {
      made.emplace_back(name, value);
    } else {
      old->second = value;
    }
  }
  return made;
}

/// No number stands twice, and all are exact in float32, also with 1 added.
std::vector<MadeTensor> numbered(const Shapes& shapes) {
  std::vector<MadeTensor> tensors;
  float next = 0;
  for (const auto& [key, shape] : shapes) {
    std::vector<float> numbers(elements(shape));
    for (float& number : numbers) number = next++;
    tensors.push_back(tensor_of(key, Dtype::f32, shape, numbers));
  }
  REQUIRE(next < 0x1p23F);
  return tensors;
}

Shapes shapes_in(const fs::path& path) {
  const auto checkpoint = open_checkpoint(path);
  REQUIRE(checkpoint);
  Shapes shapes;
  for (const TensorInfo& info : checkpoint->index().tensors()) shapes.emplace(info.key, info.shape);
  return shapes;
}

std::map<std::string, std::vector<std::byte>> bytes_in(const fs::path& path) {
  const auto checkpoint = open_checkpoint(path);
  REQUIRE(checkpoint);
  std::map<std::string, std::vector<std::byte>> all;
  for (const TensorInfo& info : checkpoint->index().tensors()) {
    std::vector<std::byte> bytes(info.bytes.size);
    REQUIRE(checkpoint->read(info.bytes.file, info.bytes.offset, bytes));
    all.emplace(info.key, std::move(bytes));
  }
  return all;
}

Value::List types_of(std::int64_t layers, const std::function<std::string(std::int64_t)>& type) {
  Value::List types;
  for (std::int64_t layer = 0; layer < layers; ++layer) types.emplace_back(type(layer));
  return types;
}

}  // namespace

TEST_CASE("the tables of shapes are right at the sizes of the peers") {
  std::size_t held = 0;
  for (const Family& family : standard_families()) {
    // This one has norms, experts and attention of other kinds in each layer.
    if (family.folder == "olmo3moe_kda") continue;
    CAPTURE(family.folder);
    const fs::path folder = fixtures / family.folder;
    Model model = model_of(json_file(folder / "hf/config.json"), family.folder == "flex_olmo_dropless");
    // The peer's state has all rows of the vocabulary, also those that its export cuts off.
    model.numbers["vocab"] = shapes_in(folder / "expected/olmo_core.safetensors").at("embeddings.weight")[0];
    for (const std::string side : {"hf", "olmo_core"}) {
      CHECK(shapes_on(side, family.mapping, model) == shapes_in(folder / "expected" / (side + ".safetensors")));
      ++held;
    }
  }
  CHECK(held == 28);
}

TEST_CASE("every family converts at other sizes, there and back") {
  struct Sizes {
    std::int64_t layers, d, heads, kv, hd, ff, experts;
  };
  const Sizes sizes[] = {{1, 10, 2, 2, 6, 7, 1}, {3, 24, 6, 3, 4, 10, 2}, {11, 14, 4, 1, 8, 9, 11}};
  for (const Family& family : standard_families()) {
    if (family.folder == "olmo3moe_kda") continue;
    const Value fixture = json_file(fixtures / family.folder / "hf/config.json");
    for (const Sizes& size : sizes) {
      CAPTURE(family.folder);
      CAPTURE(size.layers);
      const std::string& mapping = family.mapping;
      // A hybrid has layers of both kinds, a model of experts one with experts.
      const bool hybrid = mapping == "qwen3_5" || mapping == "olmo_hybrid";
      const std::int64_t layers = hybrid ? size.layers + 1 : size.layers;
      Value::Object fields = {
          {"num_hidden_layers", layers},    {"hidden_size", size.d},       {"num_attention_heads", size.heads},
          {"num_key_value_heads", size.kv}, {"head_dim", size.hd},         {"intermediate_size", size.ff},
          {"vocab_size", std::int64_t{13}}, {"tie_word_embeddings", false}};
      if (fixture.member("query_pre_attn_scalar")) fields.emplace_back("query_pre_attn_scalar", size.hd);
      if (fixture.member("num_experts")) fields.emplace_back("num_experts", size.experts);
      if (fixture.member("layer_types")) {
        const std::string other = hybrid               ? "linear_attention"
                                  : mapping == "qwen3" ? "full_attention"
                                                       : "sliding_attention";
        fields.emplace_back("layer_types", types_of(layers, [&](std::int64_t layer) {
                              return layer % 3 == 1 ? std::string("full_attention") : other;
                            }));
      }
      if (hybrid) {
        fields.insert(fields.end(), {{"linear_num_key_heads", size.kv},
                                     {"linear_num_value_heads", 2 * size.kv},
                                     {"linear_key_head_dim", size.hd},
                                     {"linear_value_head_dim", 2 * size.hd},
                                     {"linear_conv_kernel_dim", std::int64_t{5}}});
      }
      if (mapping == "olmo3moe") {
        Value::List dense;
        for (std::int64_t layer = 1; layer < layers; layer += 2) dense.emplace_back(layer);
        fields.insert(fields.end(), {{"dense_layers_indices", dense},
                                     {"dense_mlp_intermediate_size", size.ff},
                                     {"n_routed_experts", size.experts},
                                     {"moe_intermediate_size", size.ff + 1},
                                     {"shared_expert_intermediate_size", size.ff + 2}});
      }
      const Value config = changed(fixture, fields);
      const bool dropless = family.folder == "flex_olmo_dropless";
      const Model model = model_of(config, dropless);

      const CheckpointFolder folder;
      const fs::path source = folder.path() / "source";
      fs::create_directory(source);
      folder.write("source/model.safetensors", numbered(shapes_on("hf", mapping, model)));
      std::ofstream(source / "config.json") << dump_json(config);
      const fs::path there = folder.path() / "there", back = folder.path() / "back";
      REQUIRE(convert("std:" + mapping, "hf=" + source.string(), "olmo_core=" + there.string(),
                      family.import_settings) == driver::done);
      CHECK(shapes_in(there) == shapes_on("olmo_core", mapping, model));
      REQUIRE(convert("std:" + mapping, "olmo_core=" + there.string(), "hf=" + back.string()) == driver::done);
      auto wanted = bytes_in(source);
      if (mapping == "olmo_hybrid") {
        // Written as Transformers loads it.
        for (const std::int64_t layer : model.indexes.at("gdn")) {
          const std::string net = fmt::format("model.layers.{}.linear_attn.", layer);
          for (const auto& [old, now] :
               {std::pair("out_proj.weight", "o_proj.weight"), std::pair("norm.weight", "o_norm.weight")}) {
            auto moved = wanted.extract(net + old);
            moved.key() = net + now;
            wanted.insert(std::move(moved));
          }
        }
      }
      CHECK((bytes_in(back) == wanted));
    }
  }
}
