#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/conversion.h"

// One model in the layouts that people keep it in, by plain index arithmetic: an element is told by the matrix of the
// model that it is of, as Transformers has them, and its row and column there; layouts put it in different places.
namespace omap::test {

struct MadeModel {
  std::int64_t layers = 3, vocab = 23, width = 20, heads = 6, key_heads = 2, head = 4, inner = 14, experts = 0;
  /// Norms of queries and keys, and norms with weights at all; biases of queries, keys and values, of what attention
  /// gives, and of the feed-forward.
  bool query_norms = false, norms = true, biases = false, output_biases = false, inner_biases = false, tied = false;

  [[nodiscard]] std::int64_t queries() const { return heads * head; }
  [[nodiscard]] std::int64_t keys() const { return key_heads * head; }
};

using At = std::vector<std::int64_t>;

/// The bits of an element. `part` is a layer, or an expert of one.
inline std::uint32_t element(std::string_view matrix, std::int64_t part, std::int64_t row, std::int64_t column = 0) {
  std::uint32_t hash = 2166136261;
  for (const char character : fmt::format("{} {} {} {}", matrix, part, row, column)) {
    hash = (hash ^ static_cast<unsigned char>(character)) * 16777619;
  }
  return hash;
}

/// A checkpoint in the making.
class MadeLayout {
 public:
  void add(std::string key, At shape, const std::function<std::uint32_t(const At&)>& at) {
    std::vector<std::uint32_t> elements;
    for_each_index(shape, [&](const At& index) { elements.push_back(at(index)); });
    tensors_.push_back(tensor_of(std::move(key), Dtype::f32, std::move(shape), elements));
  }
  /// A matrix or vector of the model as it is.
  void add_plain(std::string key, At shape, std::string_view matrix, std::int64_t part) {
    add(std::move(key), std::move(shape),
        [&](const At& i) { return element(matrix, part, i[0], i.size() > 1 ? i[1] : 0); });
  }
  [[nodiscard]] const std::vector<MadeTensor>& tensors() const { return tensors_; }

 private:
  std::vector<MadeTensor> tensors_;
};

/// The row of queries, keys or values that a fused row is: all queries first, then all keys, then all values.
inline std::uint32_t joined_row(const MadeModel& model, std::string_view kind, std::int64_t layer, std::int64_t row,
                                std::int64_t column) {
  const std::string suffix(kind);
  if (row < model.queries()) return element("q" + suffix, layer, row, column);
  row -= model.queries();
  return row < model.keys() ? element("k" + suffix, layer, row, column)
                            : element("v" + suffix, layer, row - model.keys(), column);
}

/// The same, where each head of keys and of values stands behind the heads of queries that share it.
inline std::uint32_t grouped_row(const MadeModel& model, std::string_view kind, std::int64_t layer, std::int64_t row,
                                 std::int64_t column) {
  const std::string suffix(kind);
  const std::int64_t shared = model.heads / model.key_heads * model.head, group = shared + 2 * model.head;
  const std::int64_t at = row / group;
  row %= group;
  if (row < shared) return element("q" + suffix, layer, at * shared + row, column);
  row -= shared;
  return row < model.head ? element("k" + suffix, layer, at * model.head + row, column)
                          : element("v" + suffix, layer, at * model.head + row - model.head, column);
}

/// Where Transformers has a row of queries or keys that Meta has here: it turns the halves of a head, Meta neighbours.
inline std::int64_t row_by_halves(const MadeModel& model, std::int64_t row) {
  const std::int64_t in_head = row % model.head;
  return row - in_head + in_head % 2 * (model.head / 2) + in_head / 2;
}

inline std::int64_t expert_of(std::int64_t layer, std::int64_t expert) { return layer * 1000 + expert; }

/// Hugging Face Transformers. Norms before what they are for (`llama`), or behind it (`olmo2`).
inline MadeLayout made_hf(const MadeModel& m, bool norms_behind = false) {
  MadeLayout made;
  made.add_plain("model.embed_tokens.weight", {m.vocab, m.width}, "embeddings", 0);
  if (!m.tied) made.add_plain("lm_head.weight", {m.vocab, m.width}, "head", 0);
  if (m.norms) made.add_plain("model.norm.weight", {m.width}, "norm", 0);
  for (std::int64_t i = 0; i < m.layers; ++i) {
    const std::string layer = fmt::format("model.layers.{}.", i), attention = layer + "self_attn.";
    made.add_plain(attention + "q_proj.weight", {m.queries(), m.width}, "q", i);
    made.add_plain(attention + "k_proj.weight", {m.keys(), m.width}, "k", i);
    made.add_plain(attention + "v_proj.weight", {m.keys(), m.width}, "v", i);
    made.add_plain(attention + "o_proj.weight", {m.width, m.queries()}, "o", i);
    if (m.biases) {
      made.add_plain(attention + "q_proj.bias", {m.queries()}, "q bias", i);
      made.add_plain(attention + "k_proj.bias", {m.keys()}, "k bias", i);
      made.add_plain(attention + "v_proj.bias", {m.keys()}, "v bias", i);
    }
    if (m.output_biases) made.add_plain(attention + "o_proj.bias", {m.width}, "o bias", i);
    if (m.norms) {
      made.add_plain(layer + (norms_behind ? "post_attention_layernorm" : "input_layernorm") + ".weight", {m.width},
                     "attention norm", i);
      made.add_plain(layer + (norms_behind ? "post_feedforward_layernorm" : "post_attention_layernorm") + ".weight",
                     {m.width}, "feed-forward norm", i);
    }
    if (m.query_norms) {
      made.add_plain(attention + "q_norm.weight", {m.queries()}, "q norm", i);
      made.add_plain(attention + "k_norm.weight", {m.keys()}, "k norm", i);
    }
    if (m.experts > 0) made.add_plain(layer + "mlp.gate.weight", {m.experts, m.width}, "router", i);
    for (std::int64_t e = 0; e < std::max<std::int64_t>(m.experts, 1); ++e) {
      const std::string mlp = layer + (m.experts > 0 ? fmt::format("mlp.experts.{}.", e) : "mlp.");
      made.add_plain(mlp + "gate_proj.weight", {m.inner, m.width}, "gate", expert_of(i, e));
      made.add_plain(mlp + "up_proj.weight", {m.inner, m.width}, "up", expert_of(i, e));
      made.add_plain(mlp + "down_proj.weight", {m.width, m.inner}, "down", expert_of(i, e));
      if (!m.inner_biases) continue;
      made.add_plain(mlp + "gate_proj.bias", {m.inner}, "gate bias", expert_of(i, e));
      made.add_plain(mlp + "up_proj.bias", {m.inner}, "up bias", expert_of(i, e));
      made.add_plain(mlp + "down_proj.bias", {m.width}, "down bias", expert_of(i, e));
    }
  }
  return made;
}

/// Experts below one another, each `inner` by width, or each transposed.
inline void add_experts(MadeLayout& made, const MadeModel& m, std::int64_t layer, std::string key,
                        const std::string& matrix, bool transposed) {
  const std::int64_t rows = transposed ? m.width : m.inner, columns = transposed ? m.inner : m.width;
  made.add(std::move(key), {m.experts * rows, columns}, [&](const At& i) {
    const std::int64_t part = expert_of(layer, i[0] / rows), row = i[0] % rows;
    return transposed ? element(matrix, part, i[1], row) : element(matrix, part, row, i[1]);
  });
}

/// `down` is width by `inner`, and stored the other way round.
inline void add_down_experts(MadeLayout& made, const MadeModel& m, std::int64_t layer, std::string key) {
  made.add(std::move(key), {m.experts * m.inner, m.width},
           [&](const At& i) { return element("down", expert_of(layer, i[0] / m.inner), i[1], i[0] % m.inner); });
}

/// OLMo's first training code: queries, keys and values in one, up before gate.
inline MadeLayout made_olmo(const MadeModel& m, const std::string& root = "") {
  MadeLayout made;
  const std::string top = root + "transformer.";
  made.add_plain(top + "wte.weight", {m.vocab, m.width}, "embeddings", 0);
  if (!m.tied) made.add_plain(top + "ff_out.weight", {m.vocab, m.width}, "head", 0);
  if (m.norms) made.add_plain(top + "ln_f.weight", {m.width}, "norm", 0);
  for (std::int64_t n = 0; n < m.layers; ++n) {
    const std::string block = fmt::format("{}blocks.{}.", top, n);
    made.add(block + "att_proj.weight", {m.queries() + 2 * m.keys(), m.width},
             [&](const At& i) { return joined_row(m, "", n, i[0], i[1]); });
    made.add_plain(block + "attn_out.weight", {m.width, m.queries()}, "o", n);
    if (m.norms) {
      made.add_plain(block + "attn_norm.weight", {m.width}, "attention norm", n);
      made.add_plain(block + "ff_norm.weight", {m.width}, "feed-forward norm", n);
      made.add_plain(block + "q_norm.weight", {m.queries()}, "q norm", n);
      made.add_plain(block + "k_norm.weight", {m.keys()}, "k norm", n);
    }
    if (m.experts > 0) {
      made.add_plain(block + "ffn.router.layer.weight", {m.experts, m.width}, "router", n);
      add_experts(made, m, n, block + "ffn.experts.mlp.w1", "gate", false);
      add_experts(made, m, n, block + "ffn.experts.mlp.v1", "up", false);
      add_down_experts(made, m, n, block + "ffn.experts.mlp.w2");
      continue;
    }
    made.add(block + "ff_proj.weight", {2 * m.inner, m.width}, [&](const At& i) {
      return element(i[0] < m.inner ? "up" : "gate", expert_of(n, 0), i[0] % m.inner, i[1]);
    });
    made.add_plain(block + "ff_out.weight", {m.width, m.inner}, "down", expert_of(n, 0));
  }
  return made;
}

/// OLMo-core; of experts its two layouts.
inline MadeLayout made_olmo_core(const MadeModel& m, bool dropless) {
  MadeLayout made;
  made.add_plain("embeddings.weight", {m.vocab, m.width}, "embeddings", 0);
  made.add_plain("lm_head.w_out.weight", {m.vocab, m.width}, m.tied ? "embeddings" : "head", 0);
  if (m.norms) made.add_plain("lm_head.norm.weight", {m.width}, "norm", 0);
  for (std::int64_t n = 0; n < m.layers; ++n) {
    const std::string block = fmt::format("blocks.{}.", n), attention = block + "attention.";
    made.add_plain(attention + "w_q.weight", {m.queries(), m.width}, "q", n);
    made.add_plain(attention + "w_k.weight", {m.keys(), m.width}, "k", n);
    made.add_plain(attention + "w_v.weight", {m.keys(), m.width}, "v", n);
    made.add_plain(attention + "w_out.weight", {m.width, m.queries()}, "o", n);
    if (m.norms) {
      made.add_plain(block + "attention_norm.weight", {m.width}, "attention norm", n);
      made.add_plain(block + "feed_forward_norm.weight", {m.width}, "feed-forward norm", n);
      made.add_plain(attention + "q_norm.weight", {m.queries()}, "q norm", n);
      made.add_plain(attention + "k_norm.weight", {m.keys()}, "k norm", n);
    }
    if (m.experts == 0) {
      made.add_plain(block + "feed_forward.w1.weight", {m.inner, m.width}, "gate", expert_of(n, 0));
      made.add_plain(block + "feed_forward.w2.weight", {m.width, m.inner}, "down", expert_of(n, 0));
      made.add_plain(block + "feed_forward.w3.weight", {m.inner, m.width}, "up", expert_of(n, 0));
      continue;
    }
    const std::string moe = block + "feed_forward_moe.";
    made.add(moe + "router.weight", {m.experts * m.width},
             [&](const At& i) { return element("router", n, i[0] / m.width, i[0] % m.width); });
    add_experts(made, m, n, moe + "experts.mlp.w1", "gate", !dropless);
    add_experts(made, m, n, moe + "experts.mlp.w3", "up", !dropless);
    add_down_experts(made, m, n, moe + "experts.mlp.w2");
  }
  return made;
}

/// Meta's Llama, in one file.
inline MadeLayout made_meta(const MadeModel& m) {
  MadeLayout made;
  made.add_plain("tok_embeddings.weight", {m.vocab, m.width}, "embeddings", 0);
  made.add_plain("output.weight", {m.vocab, m.width}, m.tied ? "embeddings" : "head", 0);
  made.add_plain("norm.weight", {m.width}, "norm", 0);
  for (std::int64_t n = 0; n < m.layers; ++n) {
    const std::string layer = fmt::format("layers.{}.", n), attention = layer + "attention.";
    const auto turned = [&](const std::string& name) {
      return [&m, name, n](const At& i) { return element(name, n, row_by_halves(m, i[0]), i[1]); };
    };
    made.add(attention + "wq.weight", {m.queries(), m.width}, turned("q"));
    made.add(attention + "wk.weight", {m.keys(), m.width}, turned("k"));
    made.add_plain(attention + "wv.weight", {m.keys(), m.width}, "v", n);
    made.add_plain(attention + "wo.weight", {m.width, m.queries()}, "o", n);
    made.add_plain(layer + "attention_norm.weight", {m.width}, "attention norm", n);
    made.add_plain(layer + "ffn_norm.weight", {m.width}, "feed-forward norm", n);
    made.add_plain(layer + "feed_forward.w1.weight", {m.inner, m.width}, "gate", expert_of(n, 0));
    made.add_plain(layer + "feed_forward.w2.weight", {m.width, m.inner}, "down", expert_of(n, 0));
    made.add_plain(layer + "feed_forward.w3.weight", {m.inner, m.width}, "up", expert_of(n, 0));
  }
  return made;
}

/// Gate before up, as Megatron and vLLM have them.
inline void add_gate_up(MadeLayout& made, const MadeModel& m, std::int64_t layer, const std::string& name) {
  made.add(name + ".weight", {2 * m.inner, m.width}, [&](const At& i) {
    return element(i[0] < m.inner ? "gate" : "up", expert_of(layer, 0), i[0] % m.inner, i[1]);
  });
  if (!m.inner_biases) return;
  made.add(name + ".bias", {2 * m.inner}, [&](const At& i) {
    return element(i[0] < m.inner ? "gate bias" : "up bias", expert_of(layer, 0), i[0] % m.inner);
  });
}

/// Megatron-Core, norms where Transformer Engine fuses them with the layer behind, or where it does not.
inline MadeLayout made_megatron(const MadeModel& m, bool fused_norms = true) {
  MadeLayout made;
  made.add_plain("embedding.word_embeddings.weight", {m.vocab, m.width}, "embeddings", 0);
  if (!m.tied) made.add_plain("output_layer.weight", {m.vocab, m.width}, "head", 0);
  made.add_plain("decoder.final_layernorm.weight", {m.width}, "norm", 0);
  for (std::int64_t n = 0; n < m.layers; ++n) {
    const std::string layer = fmt::format("decoder.layers.{}.", n), attention = layer + "self_attention.";
    const std::int64_t rows = m.queries() + 2 * m.keys();
    made.add(attention + "linear_qkv.weight", {rows, m.width},
             [&](const At& i) { return grouped_row(m, "", n, i[0], i[1]); });
    if (m.biases) {
      made.add(attention + "linear_qkv.bias", {rows}, [&](const At& i) { return grouped_row(m, " bias", n, i[0], 0); });
    }
    made.add_plain(attention + "linear_proj.weight", {m.width, m.queries()}, "o", n);
    made.add_plain(fused_norms ? attention + "linear_qkv.layer_norm_weight" : layer + "input_layernorm.weight",
                   {m.width}, "attention norm", n);
    made.add_plain(layer + (fused_norms ? "mlp.linear_fc1.layer_norm_weight" : "pre_mlp_layernorm.weight"), {m.width},
                   "feed-forward norm", n);
    if (m.output_biases) made.add_plain(attention + "linear_proj.bias", {m.width}, "o bias", n);
    add_gate_up(made, m, n, layer + "mlp.linear_fc1");
    made.add_plain(layer + "mlp.linear_fc2.weight", {m.width, m.inner}, "down", expert_of(n, 0));
    if (m.inner_biases) made.add_plain(layer + "mlp.linear_fc2.bias", {m.width}, "down bias", expert_of(n, 0));
  }
  return made;
}

/// vLLM on one device.
inline MadeLayout made_vllm(const MadeModel& m) {
  MadeLayout made;
  made.add_plain("model.embed_tokens.weight", {m.vocab, m.width}, "embeddings", 0);
  if (!m.tied) made.add_plain("lm_head.weight", {m.vocab, m.width}, "head", 0);
  made.add_plain("model.norm.weight", {m.width}, "norm", 0);
  for (std::int64_t n = 0; n < m.layers; ++n) {
    const std::string layer = fmt::format("model.layers.{}.", n), attention = layer + "self_attn.";
    const std::int64_t rows = m.queries() + 2 * m.keys();
    made.add(attention + "qkv_proj.weight", {rows, m.width},
             [&](const At& i) { return joined_row(m, "", n, i[0], i[1]); });
    if (m.biases) {
      made.add(attention + "qkv_proj.bias", {rows}, [&](const At& i) { return joined_row(m, " bias", n, i[0], 0); });
    }
    made.add_plain(attention + "o_proj.weight", {m.width, m.queries()}, "o", n);
    made.add_plain(layer + "input_layernorm.weight", {m.width}, "attention norm", n);
    made.add_plain(layer + "post_attention_layernorm.weight", {m.width}, "feed-forward norm", n);
    if (m.output_biases) made.add_plain(attention + "o_proj.bias", {m.width}, "o bias", n);
    add_gate_up(made, m, n, layer + "mlp.gate_up_proj");
    made.add_plain(layer + "mlp.down_proj.weight", {m.width, m.inner}, "down", expert_of(n, 0));
    if (m.inner_biases) made.add_plain(layer + "mlp.down_proj.bias", {m.width}, "down bias", expert_of(n, 0));
  }
  return made;
}

}  // namespace omap::test
