// Layouts that other programs have: what omap and the reference make of a rule is what those programs do, written by
// hand. Each line of LibTorch below is its peer's own way of making the tensor.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/reference/convert.h"
#include "tests/reference/interpret.h"
#include "tests/reference/read_rule.h"
#include "tests/reference/torch_elements.h"
#include "tests/reference/torch_tensors.h"

using namespace omap;
using namespace omap::test;

namespace {

using TorchTensors = std::map<std::string, at::Tensor>;

/// Weights with distinct elements, among them patterns that are no numbers.
struct Weights {
  std::uint64_t next = 1;
  at::Tensor operator()(std::vector<std::int64_t> shape) {
    return to_torch(counted_tensor(Dtype::bf16, std::move(shape), next));
  }
  /// To compute with: NaNs only where they are wanted, for their bits are open.
  at::Tensor numbers(Dtype dtype, std::vector<std::int64_t> shape) {
    const at::Tensor numbers = to_torch(numbers_tensor(dtype, std::move(shape), next));
    return numbers.masked_fill(numbers != numbers, 1);
  }
};

Dtype dtype_of(const at::Tensor& tensor) {
  return tensor.scalar_type() == at::kFloat ? Dtype::f32 : tensor.scalar_type() == at::kHalf ? Dtype::f16 : Dtype::bf16;
}

Tensors bytes_of(const TorchTensors& tensors) {
  Tensors made;
  for (const auto& [key, tensor] : tensors) made[key] = from_torch(tensor, dtype_of(tensor));
  return made;
}

Mapping mapping_of(const std::vector<std::string>& rules, const Extents& params = {}, std::int64_t experts = 0) {
  Mapping mapping;
  for (const auto& [name, value] : params) mapping.params.push_back({name, value, false, false});
  MadeIndex expert{"expert", {}, false, fmt::format("0..{}", experts)};
  for (std::int64_t i = 0; i < experts; ++i) expert.values.push_back(std::to_string(i));
  mapping.indexes = {expert, {"kv", {"k", "v"}, true, "{k, v}"}};
  for (const std::string& rule : rules) mapping.top.rules.push_back(read_rule(rule));
  return mapping;
}

void check_one(const Mapping& mapping, Direction direction, const Tensors& source, const Tensors& wanted,
               const Computed& computed = {}) {
  CAPTURE(spell(mapping));
  const Conversion ours = convert(mapping, direction, source);
  REQUIRE_MESSAGE(ours.made, ours.refusal);
  REQUIRE(ours.fault == "");
  REQUIRE(first_difference(*ours.made, wanted, computed) == "");
  const Interpretation reference = interpret(mapping, direction, source);
  REQUIRE(reference.refusal == "");
  REQUIRE(first_difference(reference.made, wanted, computed) == "");
}

void check_right(const Mapping& mapping, const TorchTensors& left, const TorchTensors& right) {
  check_one(mapping, Direction::right, bytes_of(left), bytes_of(right));
}
void check_left(const Mapping& mapping, const TorchTensors& left, const TorchTensors& right) {
  check_one(mapping, Direction::left, bytes_of(right), bytes_of(left));
}
void check_both(const Mapping& mapping, const TorchTensors& left, const TorchTensors& right) {
  check_right(mapping, left, right);
  check_left(mapping, left, right);
}

}  // namespace

TEST_CASE("Megatron: queries, keys and values fused, a group of query heads for each pair of key and value heads") {
  constexpr std::int64_t groups = 3, queries = 2, head = 4, hidden = 5;
  Weights weight;
  const at::Tensor q = weight({groups * queries * head, hidden});
  const at::Tensor k = weight({groups * head, hidden});
  const at::Tensor v = weight({groups * head, hidden});
  std::vector<at::Tensor> rows;
  for (std::int64_t g = 0; g < groups; ++g) {
    rows.push_back(q.narrow(0, g * queries * head, queries * head));
    rows.push_back(k.narrow(0, g * head, head));
    rows.push_back(v.narrow(0, g * head, head));
  }
  const auto mapping = mapping_of(
      {"self_attn.q_proj.weight[(g r hd) d], self_attn.{kv}_proj.weight[(g hd) d] <-> linear_qkv[(g (r + kv) hd) d]"},
      {{"g", groups}, {"r", queries}});
  check_both(mapping, {{"self_attn.q_proj.weight", q}, {"self_attn.k_proj.weight", k}, {"self_attn.v_proj.weight", v}},
             {{"linear_qkv", at::cat(rows)}});
}

TEST_CASE("Qwen3.5: query and gate interleaved head by head") {
  constexpr std::int64_t heads = 3, head = 4, hidden = 5;
  Weights weight;
  const at::Tensor fused = weight({heads * 2 * head, hidden});
  const auto parts = fused.view({heads, 2 * head, hidden}).chunk(2, 1);
  check_both(mapping_of({"w_q.weight[(head x) d], w_g.weight[(head x) d] <-> q_proj.weight[(head (x + x)) d]"},
                        {{"head", heads}}),
             {{"w_q.weight", parts[0].reshape({-1, hidden})}, {"w_g.weight", parts[1].reshape({-1, hidden})}},
             {{"q_proj.weight", fused}});
}

TEST_CASE("rotary embeddings: Meta's order to Hugging Face's") {
  constexpr std::int64_t heads = 3, head = 8, hidden = 5;
  Weights weight;
  const at::Tensor meta = weight({heads * head, hidden});
  // `permute` of convert_llama_weights_to_hf.py.
  const at::Tensor hf = meta.view({heads, head / 2, 2, hidden}).transpose(1, 2).reshape({heads * head, hidden});
  check_both(mapping_of({"wq.weight[(head half two=2) d] <-> q_proj.weight[(head two half) d]"}, {{"head", heads}}),
             {{"wq.weight", meta}}, {{"q_proj.weight", hf}});
}

TEST_CASE("rotary embeddings: fewer heads of keys than of queries") {
  constexpr std::int64_t heads = 6, kv_heads = 2, head = 8, hidden = 5;
  Weights weight;
  const at::Tensor wq = weight({heads * head, hidden}), wk = weight({kv_heads * head, hidden});
  const at::Tensor wv = weight({kv_heads * head, hidden});
  // `permute(w, n_heads, dim1, dim2)`, with dim1 of the heads that the tensor has; values are not rotated.
  const auto permute = [&](const at::Tensor& w, std::int64_t n) {
    return w.view({n, w.size(0) / n / 2, 2, hidden}).transpose(1, 2).reshape({w.size(0), hidden});
  };
  check_both(
      mapping_of({"attention.wq.weight[(q_head half two=2) d] <-> self_attn.q_proj.weight[(q_head two half) d]",
                  "attention.wk.weight[(kv_head half two=2) d] <-> self_attn.k_proj.weight[(kv_head two half) d]",
                  "attention.wv.weight <-> self_attn.v_proj.weight"},
                 {{"q_head", heads}, {"kv_head", kv_heads}}),
      {{"attention.wq.weight", wq}, {"attention.wk.weight", wk}, {"attention.wv.weight", wv}},
      {{"self_attn.q_proj.weight", permute(wq, heads)},
       {"self_attn.k_proj.weight", permute(wk, kv_heads)},
       {"self_attn.v_proj.weight", wv}});
}

TEST_CASE("GPT-2: Conv1D keeps its weights transposed, queries, keys and values side by side") {
  Weights weight;
  const at::Tensor conv = weight({4, 12}), attn = weight({4, 3 * 4});
  // `c_attn(x).split(split_size, dim=2)`: Conv1D multiplies by `weight` from the right, Linear by its transpose.
  const auto parts = attn.split(4, 1);
  check_both(
      mapping_of({"c_fc.weight[i o] <-> fc.weight[o i]",
                  "c_attn.weight[i (o + o + o)] <-> q.weight[o i], k.weight[o i], v.weight[o i]"}),
      {{"c_fc.weight", conv}, {"c_attn.weight", attn}},
      {{"fc.weight", conv.t()}, {"q.weight", parts[0].t()}, {"k.weight", parts[1].t()}, {"v.weight", parts[2].t()}});
}

TEST_CASE("Mixtral: experts stacked, gate before up") {
  constexpr std::int64_t experts = 3, inner = 4, hidden = 5;
  Weights weight;
  TorchTensors left;
  std::vector<at::Tensor> gate_up, down;
  for (std::int64_t e = 0; e < experts; ++e) {
    const std::string key = fmt::format("experts.{}.", e);
    const at::Tensor w1 = weight({inner, hidden}), w2 = weight({hidden, inner}), w3 = weight({inner, hidden});
    left.insert({{key + "w1.weight", w1}, {key + "w2.weight", w2}, {key + "w3.weight", w3}});
    gate_up.push_back(at::cat({w1, w3}));
    down.push_back(w2);
  }
  check_both(mapping_of({"experts.{expert}.w1.weight[h d], experts.{expert}.w3.weight[h d]"
                         " <-> mlp.experts.gate_up_proj[expert (h + h) d]",
                         "experts.{expert}.w2.weight[d h] <-> mlp.experts.down_proj[expert d h]"},
                        {}, experts),
             left, {{"mlp.experts.gate_up_proj", at::stack(gate_up)}, {"mlp.experts.down_proj", at::stack(down)}});
}

TEST_CASE("DBRX: experts laid under one another, the last projection transposed") {
  constexpr std::int64_t experts = 3, inner = 4, hidden = 5;
  Weights weight;
  const at::Tensor w1 = weight({experts * inner, hidden}), w2 = weight({experts * inner, hidden});
  TorchTensors left;
  for (std::int64_t e = 0; e < experts; ++e) {
    // `w1.view(n, h, d)[e]` and `w2.view(n, h, d)[e]`, which DbrxExpertGLU multiplies by as they are and transposed.
    left[fmt::format("experts.{}.w1.weight", e)] = w1.view({experts, inner, hidden}).select(0, e);
    left[fmt::format("experts.{}.w2.weight", e)] = w2.view({experts, inner, hidden}).select(0, e).t();
  }
  check_both(mapping_of({"experts.{expert}.w1.weight[h d] <-> ffn.experts.mlp.w1[(expert h) d]",
                         "experts.{expert}.w2.weight[d h] <-> ffn.experts.mlp.w2[(expert h) d]"},
                        {}, experts),
             left, {{"ffn.experts.mlp.w1", w1}, {"ffn.experts.mlp.w2", w2}});
}

TEST_CASE("OLMo 3 MoE: fused halves that are cut by expert again") {
  constexpr std::int64_t experts = 3, inner = 4, shared = 2, hidden = 5;
  Weights weight;
  const at::Tensor router = weight({experts * hidden});
  const at::Tensor up_gate = weight({experts, 2 * inner, hidden}), down = weight({experts, inner, hidden});
  const at::Tensor shared_up_gate = weight({hidden, 2 * shared}), shared_down = weight({1, shared, hidden});
  TorchTensors right;
  for (std::int64_t e = 0; e < experts; ++e) {
    const std::string key = fmt::format("experts.{}.", e);
    right[key + "up_proj.weight"] = up_gate.select(0, e).narrow(0, 0, inner);
    right[key + "gate_proj.weight"] = up_gate.select(0, e).narrow(0, inner, inner);
    right[key + "down_proj.weight"] = down.select(0, e).t();
  }
  right["router.gate.weight"] = router.view({experts, hidden});
  const auto halves = shared_up_gate.chunk(2, 1);
  right["shared_expert.up_proj.weight"] = halves[0].t();
  right["shared_expert.gate_proj.weight"] = halves[1].t();
  right["shared_expert.down_proj.weight"] = shared_down.squeeze(0).t();
  check_both(mapping_of({"routed_experts_router.weight[(expert d)] <-> router.gate.weight[expert d]",
                         "routed_experts.w_up_gate[expert (h + h) d]"
                         " <-> experts.{expert}.up_proj.weight[h d], experts.{expert}.gate_proj.weight[h d]",
                         "routed_experts.w_down[expert h d] <-> experts.{expert}.down_proj.weight[d h]",
                         "shared_experts.w_up_gate[d (s + s)]"
                         " <-> shared_expert.up_proj.weight[s d], shared_expert.gate_proj.weight[s d]",
                         "shared_experts.w_down[1 s d] <-> shared_expert.down_proj.weight[d s]"},
                        {}, experts),
             {{"routed_experts_router.weight", router},
              {"routed_experts.w_up_gate", up_gate},
              {"routed_experts.w_down", down},
              {"shared_experts.w_up_gate", shared_up_gate},
              {"shared_experts.w_down", shared_down}},
             right);
}

TEST_CASE("OLMo-core: a vocabulary that is padded for training") {
  Weights weight;
  const at::Tensor padded = weight({16, 5});
  check_right(mapping_of({"embeddings.weight[(vocab + _) d] -> embed_tokens.weight[vocab d]"}, {{"vocab", 11}}),
              {{"embeddings.weight", padded}}, {{"embed_tokens.weight", padded.narrow(0, 0, 11)}});
  const at::Tensor zeros = at::constant_pad_nd(padded, {0, 0, 0, 8});
  check_left(mapping_of({"embeddings.weight[(vocab + _=8) d] <- embed_tokens.weight[vocab d]"}),
             {{"embeddings.weight", zeros}}, {{"embed_tokens.weight", padded}});
}

TEST_CASE("three tensors joined that are not equally long") {
  Weights weight;
  const at::Tensor q = weight({8, 5}), k = weight({4, 5}), v = weight({2, 5});
  check_both(mapping_of({"att.wq[q d], att.wk[k d], att.wv[v d] <-> att.qkv[(q + k + v) d]"}, {{"q", 8}, {"k", 4}}),
             {{"att.wq", q}, {"att.wk", k}, {"att.wv", v}}, {{"att.qkv", at::cat({q, k, v})}});
}

TEST_CASE("three tensors are two, by their common parts") {
  Weights weight;
  const at::Tensor all = weight({6 * 2, 5});
  const auto thirds = all.chunk(3), halves = all.chunk(2);
  check_both(mapping_of({"a1[(z + z) d], a2[(z + z) d], a3[(z + z) d] <-> b1[(z + z + z) d], b2[(z + z + z) d]"}),
             {{"a1", thirds[0]}, {"a2", thirds[1]}, {"a3", thirds[2]}}, {{"b1", halves[0]}, {"b2", halves[1]}});
}

TEST_CASE("joined along the first dimension, whatever the rank") {
  Weights weight;
  const at::Tensor one = weight({2, 3, 4}), other = weight({5, 3, 4});
  check_both(mapping_of({"pair[(q + rest) ...] <-> one[q ...], other[rest ...]"}, {{"q", 2}}),
             {{"pair", at::cat({one, other})}}, {{"one", one}, {"other", other}});
}

TEST_CASE("values are repeated along axes that only the destination has") {
  Weights weight;
  const at::Tensor k = weight({3, 4});
  // `repeat_kv`: every key head for each of its queries.
  check_right(mapping_of({"k[g hd] -> k_repeated[(g r=2) hd]"}), {{"k", k}},
              {{"k_repeated", k.unsqueeze(1).expand({3, 2, 4}).reshape({6, 4})}});
  check_right(mapping_of({"norm[d] -> layers.{expert + 1}.norm[d]"}, {}, 2), {{"norm", k.select(0, 0)}},
              {{"layers.1.norm", k.select(0, 0)}, {"layers.2.norm", k.select(0, 0)}});
}

TEST_CASE("weights in 8 bits with a scale for each block of 128 by 128") {
  constexpr std::int64_t rows = 300, columns = 200;
  Weights weight;
  const Tensor quantised = numbers_tensor(Dtype::f8_e4m3, {rows, columns}, weight.next);
  const at::Tensor scale = weight.numbers(Dtype::f32, {3, 2});
  const at::Tensor per_element =
      scale.repeat_interleave(128, 0).narrow(0, 0, rows).repeat_interleave(128, 1).narrow(1, 0, columns);
  const at::Tensor wanted =
      (numbers_of(bits_of(quantised), Dtype::f8_e4m3).to(at::kFloat) * per_element).to(at::kBFloat16);
  Tensors sources = bytes_of({{"w_scale_inv", scale}});
  sources["w"] = quantised;
  Tensors made = bytes_of({{"w_bf16", wanted}});
  check_one(mapping_of({"w[r c] * w_scale_inv[r/128 c/128] -> w_bf16[r c] as bf16"}), Direction::right, sources, made,
            {{"w_bf16", std::vector<bool>(rows * columns, true)}});
}

TEST_CASE("experts that are stacked, each with a scale of its own") {
  constexpr std::int64_t experts = 3;
  Weights weight;
  TorchTensors left;
  std::vector<at::Tensor> stacked;
  for (std::int64_t e = 0; e < experts; ++e) {
    const at::Tensor w = weight.numbers(Dtype::f16, {4, 5}), scale = weight.numbers(Dtype::f32, {});
    left.insert({{fmt::format("q.{}.w", e), w}, {fmt::format("q.{}.scale", e), scale}});
    stacked.push_back((w.to(at::kFloat) * scale).to(at::kBFloat16));
  }
  const Mapping mapping = mapping_of({"q.{expert}.w[r c] * q.{expert}.scale[] -> w[expert r c] as bf16"}, {}, experts);
  check_one(mapping, Direction::right, bytes_of(left), bytes_of({{"w", at::stack(stacked)}}),
            {{"w", std::vector<bool>(experts * 20, true)}});
}

TEST_CASE("Gemma: norms that are stored as w - 1") {
  Weights weight;
  const at::Tensor norm = weight.numbers(Dtype::bf16, {64});
  const Mapping mapping = mapping_of({"norm.weight <-> model.norm.weight + 1"});
  check_right(mapping, {{"norm.weight", norm}}, {{"model.norm.weight", (norm.to(at::kFloat) - 1).to(at::kBFloat16)}});
  check_left(mapping, {{"norm.weight", (norm.to(at::kFloat) + 1).to(at::kBFloat16)}}, {{"model.norm.weight", norm}});
}

TEST_CASE("a router's bias is kept in float32, the weights in bfloat16") {
  Weights weight;
  const at::Tensor bias = weight.numbers(Dtype::f32, {64}), gate = weight.numbers(Dtype::f32, {4, 8});
  const at::Tensor small_bias = bias.to(at::kBFloat16), small_gate = gate.to(at::kBFloat16);
  const Mapping mapping = mapping_of({"bias as f32 <-> gate.bias as bf16", "w <-> gate.weight as bf16"});
  check_right(mapping, {{"bias", bias}, {"w", gate}}, {{"gate.bias", small_bias}, {"gate.weight", small_gate}});
  check_left(mapping, {{"bias", small_bias.to(at::kFloat)}, {"w", small_gate}},
             {{"gate.bias", small_bias}, {"gate.weight", small_gate}});
}
