// The standard mappings at other sizes than those of the fixtures. Their shapes are those of the tables in
// standard_shapes.h, which the fixtures, made by the peers, confirm at theirs.
#include <functional>
#include <map>

#include "tests/unit/conversion.h"
#include "tests/unit/standard_families.h"
#include "tests/unit/standard_shapes.h"

namespace {

namespace fs = std::filesystem;
using namespace omap;
using namespace omap::test;

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

/// Keys without the root that distributed checkpoints of OLMo-core have.
Shapes shapes_in(const fs::path& path) {
  const auto checkpoint = open_checkpoint(path);
  REQUIRE(checkpoint);
  const std::size_t root = checkpoint->format() == "dcp" ? std::string_view("model.").size() : 0;
  Shapes shapes;
  for (const TensorInfo& info : checkpoint->index().tensors()) shapes.emplace(info.key.substr(root), info.shape);
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
