#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/templates/state_mapping_template.h"

// The tables that OLMo-core 3.0.0 converts its families by (olmo_core.nn.hf.convert), in short.
namespace omap::test {

using KeyTable = std::vector<std::pair<std::string, std::string>>;

/// Entries of one model type take the place of those that all have.
inline KeyTable with_overrides(KeyTable table, const KeyTable& overrides) {
  for (const auto& [source, destination] : overrides) {
    const auto same = [&](const auto& entry) { return entry.first == source; };
    const auto known = std::find_if(table.begin(), table.end(), same);
    if (known != table.end()) {
      known->second = destination;
    } else {
      table.emplace_back(source, destination);
    }
  }
  return table;
}

/// Keys within a layer: OLMo-core's, Hugging Face's.
inline const KeyTable layer_names = {
    {"attention.w_q", "self_attn.q_proj"},
    {"attention.w_k", "self_attn.k_proj"},
    {"attention.w_v", "self_attn.v_proj"},
    {"attention.w_out", "self_attn.o_proj"},
    {"feed_forward.w1", "mlp.gate_proj"},
    {"feed_forward.w2", "mlp.down_proj"},
    {"feed_forward.w3", "mlp.up_proj"},
    {"attention_norm", "post_attention_layernorm"},
    {"feed_forward_norm", "post_feedforward_layernorm"},
    {"attention.q_norm", "self_attn.q_norm"},
    {"attention.k_norm", "self_attn.k_norm"},
};
inline const KeyTable model_names = {
    {"embeddings", "model.embed_tokens"}, {"lm_head.norm", "model.norm"}, {"lm_head.w_out", "lm_head"}};

/// Modules that have no weight of their own.
inline const KeyTable module_names = {
    {"feed_forward_moe", "mlp"},
    {"feed_forward_moe_norm", "post_moe_norm"},
    {"feed_forward_moe.router", "mlp.gate"},
    {"feed_forward_moe.router.indices", "mlp.gate.indices"},
    {"feed_forward_moe.shared_mlp", "mlp.shared_mlp"},
    {"feed_forward_moe.shared_mlp.w1", "mlp.shared_mlp.gate_proj"},
    {"feed_forward_moe.shared_mlp.w2", "mlp.shared_mlp.down_proj"},
    {"feed_forward_moe.shared_mlp.w3", "mlp.shared_mlp.up_proj"},
};

/// Norms stand in other places in these families.
inline const std::map<std::string, KeyTable, std::less<>> family_norms = {
    {"llama", {{"attention_norm", "input_layernorm"}, {"feed_forward_norm", "post_attention_layernorm"}}},
    {"qwen3", {{"attention_norm", "input_layernorm"}, {"feed_forward_norm", "post_attention_layernorm"}}},
    {"qwen3_5_text", {{"attention_norm", "input_layernorm"}, {"feed_forward_norm", "post_attention_layernorm"}}},
    {"gemma3_text",
     {{"attention_norm", "input_layernorm"},
      {"post_attention_norm", "post_attention_layernorm"},
      {"feed_forward_norm", "pre_feedforward_layernorm"},
      {"post_feed_forward_norm", "post_feedforward_layernorm"}}},
};

inline KeyTable norms_of(std::string_view model_type) {
  const auto found = family_norms.find(model_type);
  return found == family_norms.end() ? KeyTable() : found->second;
}

inline KeyTable reversed(const KeyTable& table) {
  KeyTable made;
  for (const auto& [a, b] : table) made.emplace_back(b, a);
  return made;
}

inline void add_renames(std::vector<StateMappingTemplate>& templates, const KeyTable& table, const std::string& from,
                        const std::string& to, StateType type) {
  const std::string end = type == StateType::weight ? ".weight" : "";
  for (const auto& [source, destination] : table) {
    templates.push_back({.source_template_keys = from + source + end,
                         .dest_template_keys = to + destination + end,
                         .state_type = type});
  }
}

inline const KeyTable expert_names = {{"w1", "gate_proj"}, {"w2", "down_proj"}, {"w3", "up_proj"}};
inline const std::string olmo_core_layer = "blocks.[layer].";
inline const std::string hf_layer = "model.layers.[layer].";

/// Towards Hugging Face. The peer has no module names of its own for a model type, and none of the weights of
/// `qwen3_5_text`: those get OLMo 2's.
inline std::vector<StateMappingTemplate> templates_to_hf(std::string_view model_type) {
  const KeyTable norms = model_type == "qwen3_5_text" ? KeyTable() : norms_of(model_type);
  std::vector<StateMappingTemplate> templates;
  add_renames(templates, model_names, "", "", StateType::module);
  add_renames(templates, layer_names, olmo_core_layer, hf_layer, StateType::module);
  add_renames(templates, module_names, olmo_core_layer, hf_layer, StateType::module);
  add_renames(templates, {{"feed_forward", "mlp"}}, olmo_core_layer, hf_layer, StateType::module);
  add_renames(templates, model_names, "", "", StateType::weight);
  add_renames(templates, with_overrides(layer_names, norms), olmo_core_layer, hf_layer, StateType::weight);
  for (const auto& [olmo_core, hf] : expert_names) {
    templates.push_back({.source_template_keys = olmo_core_layer + "feed_forward_moe.experts.mlp." + olmo_core,
                         .dest_template_keys = hf_layer + "mlp.experts.[expert]." + hf + ".weight",
                         .dest_key_per_placeholder = "[expert]",
                         .dims_permutation = {{1, 0}},
                         .dest_chunk_dim = 1});
  }
  templates.push_back({.source_template_keys = olmo_core_layer + "feed_forward_moe.router.weight",
                       .dest_template_keys = hf_layer + "mlp.gate.weight",
                       .unflatten_dim = {{0, {"[expert]", -1}}}});
  return templates;
}

/// Towards OLMo-core. Two kinds of entries of the peer's table are left out, which omap refuses: renames of
/// `mlp.experts.[expert].*` to one tensor, which never apply, and the rename of `mlp.gate.weight`, which a later entry
/// overwrites.
inline std::vector<StateMappingTemplate> templates_from_hf(std::string_view model_type) {
  const KeyTable norms = reversed(norms_of(model_type));
  KeyTable names = reversed(layer_names);
  names.insert(names.begin(), {"input_layernorm", "attention_norm"});
  names = with_overrides(names, norms);
  std::vector<StateMappingTemplate> templates;
  add_renames(templates, reversed(model_names), "", "", StateType::weight);
  add_renames(templates, names, hf_layer, olmo_core_layer, StateType::weight);
  add_renames(templates, reversed(model_names), "", "", StateType::module);
  add_renames(templates, names, hf_layer, olmo_core_layer, StateType::module);
  add_renames(templates, reversed(module_names), hf_layer, olmo_core_layer, StateType::module);
  for (const auto& [olmo_core, hf] : expert_names) {
    templates.push_back({.source_template_keys = hf_layer + "mlp.experts.[expert]." + hf + ".weight",
                         .dest_template_keys = olmo_core_layer + "feed_forward_moe.experts.mlp." + olmo_core,
                         .source_key_per_placeholder = "[expert]",
                         .source_concat_dim = 1,
                         .dims_permutation = {{1, 0}}});
  }
  templates.push_back({.source_template_keys = hf_layer + "mlp.gate.weight",
                       .dest_template_keys = olmo_core_layer + "feed_forward_moe.router.weight",
                       .flatten_dims = {{0, 1}}});
  return templates;
}

}  // namespace omap::test
