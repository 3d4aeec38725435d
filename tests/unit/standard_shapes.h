#pragma once

#include <doctest/doctest.h>

#include <charconv>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// The keys of each family of standard mappings on both sides, and their shapes in the sizes of a model.
namespace omap::test {

/// What a model is like: numbers, and which layers, experts and so on there are.
struct Model {
  std::map<std::string, std::int64_t, std::less<>> numbers;
  std::map<std::string, std::vector<std::int64_t>, std::less<>> indexes;
};

inline std::vector<std::int64_t> up_to(std::int64_t end) {
  std::vector<std::int64_t> all;
  for (std::int64_t i = 0; i < end; ++i) all.push_back(i);
  return all;
}

inline std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(at), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

/// `2*keys+values`.
inline std::int64_t extent(const Model& model, const std::string& text) {
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

inline void expand(const Model& model, const std::string& key, const std::vector<std::int64_t>& shape, Shapes& shapes) {
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
inline Shapes shapes_of(const Model& model, std::string_view table) {
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

inline const std::string hf_ends = R"(
model.embed_tokens.weight vocab d
lm_head.weight vocab d
model.norm.weight d
)";
inline const std::string olmo_core_ends = R"(
embeddings.weight vocab d
lm_head.w_out.weight vocab d
lm_head.norm.weight d
)";
inline const std::string hf_attention = R"(
model.layers.{attn}.self_attn.q_proj.weight heads*hd d
model.layers.{attn}.self_attn.k_proj.weight kv*hd d
model.layers.{attn}.self_attn.v_proj.weight kv*hd d
model.layers.{attn}.self_attn.o_proj.weight d heads*hd
)";
inline const std::string olmo_core_attention = R"(
blocks.{attn}.attention.w_q.weight heads*hd d
blocks.{attn}.attention.w_k.weight kv*hd d
blocks.{attn}.attention.w_v.weight kv*hd d
blocks.{attn}.attention.w_out.weight d heads*hd
)";
inline const std::string hf_mlp = R"(
model.layers.{layer}.mlp.gate_proj.weight ff d
model.layers.{layer}.mlp.down_proj.weight d ff
model.layers.{layer}.mlp.up_proj.weight ff d
)";
inline const std::string olmo_core_mlp = R"(
blocks.{layer}.feed_forward.w1.weight ff d
blocks.{layer}.feed_forward.w2.weight d ff
blocks.{layer}.feed_forward.w3.weight ff d
)";
inline const std::string hf_norms_behind = R"(
model.layers.{attn}.post_attention_layernorm.weight d
model.layers.{attn}.post_feedforward_layernorm.weight d
model.layers.{attn}.self_attn.q_norm.weight heads*hd
model.layers.{attn}.self_attn.k_norm.weight kv*hd
)";
inline const std::string hf_norms_before = R"(
model.layers.{layer}.input_layernorm.weight d
model.layers.{layer}.post_attention_layernorm.weight d
)";
inline const std::string olmo_core_norms = R"(
blocks.{layer}.attention_norm.weight d
blocks.{layer}.feed_forward_norm.weight d
)";
inline const std::string olmo_core_qk_norms = R"(
blocks.{attn}.attention.q_norm.weight heads*hd
blocks.{attn}.attention.k_norm.weight kv*hd
)";
inline const std::string hf_head_norms = R"(
model.layers.{attn}.self_attn.q_norm.weight hd
model.layers.{attn}.self_attn.k_norm.weight hd
)";
inline const std::string olmo_core_head_norms = R"(
blocks.{attn}.attention.q_norm.weight hd
blocks.{attn}.attention.k_norm.weight hd
)";

struct Tables {
  std::string hf, olmo_core;
};

inline const std::map<std::string, Tables>& tables() {
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
inline const std::string olmo_core_delta_nets = R"(
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

inline Shapes shapes_on(const std::string& side, const std::string& mapping, const Model& model) {
  const Tables& table = tables().at(mapping == "olmo3" ? "olmo2" : mapping);
  if (side == "hf") return shapes_of(model, table.hf);
  const bool nets = model.indexes.contains("gdn");
  return shapes_of(model, table.olmo_core + (nets ? olmo_core_delta_nets : std::string()));
}

}  // namespace omap::test
