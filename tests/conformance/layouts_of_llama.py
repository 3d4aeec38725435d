"""Llama as Meta, Megatron-Core and vLLM lay it out, and Transformers."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

import reference_decoder as reference
from workplace import (D, FF, HEAD, HEADS, KV, LAYERS, TOKENS, VOCAB, State, Workplace, bits_differ, heads, hf_logits,
                       logits_differ, noise, norm_weight, random_model, tensors)

LLAMA = {"hidden_size": D, "intermediate_size": FF, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
         "num_key_value_heads": KV, "head_dim": HEAD, "vocab_size": VOCAB, "rms_norm_eps": 1e-5,
         "max_position_embeddings": 64, "tie_word_embeddings": False, "pad_token_id": None,
         "rope_parameters": {"rope_theta": 10000.0, "rope_type": "default"}}


def check_meta(work: Workplace) -> None:
    state = {"tok_embeddings.weight": noise(VOCAB, D), "norm.weight": norm_weight(), "output.weight": noise(VOCAB, D)}
    for i in range(LAYERS):
        shapes = {"attention.wq": (D, D), "attention.wk": (KV * HEAD, D), "attention.wv": (KV * HEAD, D),
                  "attention.wo": (D, D), "feed_forward.w1": (FF, D), "feed_forward.w2": (D, FF),
                  "feed_forward.w3": (FF, D)}
        state |= {f"layers.{i}.{key}.weight": noise(*shape) for key, shape in shapes.items()}
        state |= {f"layers.{i}.{key}.weight": norm_weight() for key in ("attention_norm", "ffn_norm")}

    def block(i: int) -> reference.Block:
        at = lambda key: state[f"layers.{i}.{key}.weight"]  # noqa: E731
        return reference.Block(
            lambda x: (heads(F.linear(x, at("attention.wq")), HEADS), heads(F.linear(x, at("attention.wk")), KV),
                       heads(F.linear(x, at("attention.wv")), KV)),
            lambda y: F.linear(y, at("attention.wo")),
            reference.swiglu(at("feed_forward.w1"), at("feed_forward.w3"), at("feed_forward.w2")),
            reference.rms_norm(at("attention_norm"), 1e-5), reference.rms_norm(at("ffn_norm"), 1e-5))

    wanted = reference.decode(state["tok_embeddings.weight"][TOKENS], [block(i) for i in range(LAYERS)],
                              reference.rms_norm(state["norm.weight"], 1e-5), state["output.weight"],
                              lambda x: reference.turn_neighbours(x, 10000.0))
    params = {"dim": D, "n_layers": LAYERS, "n_heads": HEADS, "n_kv_heads": KV, "vocab_size": -1, "norm_eps": 1e-5}
    source = work.checkpoint(state, {"params.json": params}, as_torch="consolidated.00.pth")
    hf = work.convert("meta", source, "hf")
    back = work.convert("hf", hf, "meta")
    work.say("llama: as Meta releases it -> hf -> back", logits_differ(hf_logits(hf), wanted),
             bits_differ(tensors(back), state))


@dataclass
class Fused:
    """Where a layout keeps what it fuses: keys within a layer, and outside."""

    layer: str
    qkv: str
    out: str
    gate_up: str
    down: str
    attention_norm: str
    feed_forward_norm: str
    q_norm: str
    k_norm: str
    embeddings: str
    norm: str
    head: str


MEGATRON = Fused("decoder.layers.{}.", "self_attention.linear_qkv", "self_attention.linear_proj", "mlp.linear_fc1",
                 "mlp.linear_fc2", "self_attention.linear_qkv.layer_norm_weight", "mlp.linear_fc1.layer_norm_weight",
                 "self_attention.q_layernorm.weight", "self_attention.k_layernorm.weight",
                 "embedding.word_embeddings.weight", "decoder.final_layernorm.weight", "output_layer.weight")
VLLM = Fused("model.layers.{}.", "self_attn.qkv_proj", "self_attn.o_proj", "mlp.gate_up_proj", "mlp.down_proj",
             "input_layernorm.weight", "post_attention_layernorm.weight", "self_attn.q_norm.weight",
             "self_attn.k_norm.weight", "model.embed_tokens.weight", "model.norm.weight", "lm_head.weight")


def by_group(qkv: Tensor) -> list[Tensor]:
    """Megatron: for each group its heads of queries, then its one of keys and its one of values."""
    parts = qkv.unflatten(-1, (KV, HEADS // KV + 2, HEAD)).split((HEADS // KV, 1, 1), dim=-2)
    return [part.flatten(-3, -2) for part in parts]


def one_by_one(qkv: Tensor) -> list[Tensor]:
    """vLLM: all queries, all keys, all values."""
    parts = qkv.split((HEADS * HEAD, KV * HEAD, KV * HEAD), dim=-1)
    return [heads(part, part.shape[-1] // HEAD) for part in parts]


def fused_logits(state: State, names: Fused, cut) -> Tensor:
    norm = lambda key: reference.rms_norm(state[key], 1e-5)  # noqa: E731

    def block(i: int) -> reference.Block:
        layer = names.layer.format(i)

        def qkv(x: Tensor):
            q, k, v = cut(F.linear(x, state[f"{layer}{names.qkv}.weight"], state.get(f"{layer}{names.qkv}.bias")))
            if layer + names.q_norm in state:
                q, k = norm(layer + names.q_norm)(q), norm(layer + names.k_norm)(k)
            return q, k, v

        gate, up = state[f"{layer}{names.gate_up}.weight"].chunk(2)
        return reference.Block(qkv, lambda y: F.linear(y, state[f"{layer}{names.out}.weight"]),
                               reference.swiglu(gate, up, state[f"{layer}{names.down}.weight"]),
                               norm(layer + names.attention_norm), norm(layer + names.feed_forward_norm))

    embeddings = state[names.embeddings]
    return reference.decode(embeddings[TOKENS], [block(i) for i in range(LAYERS)], norm(names.norm),
                            state.get(names.head, embeddings), lambda x: reference.turn_halves(x, 10000.0))


def check_fused(work: Workplace) -> None:
    models = {
        "llama": {"model_type": "llama"},
        "llama, tied": {"model_type": "llama", "tie_word_embeddings": True},
        "qwen2": {"model_type": "qwen2"},
        "qwen3": {"model_type": "qwen3"},
    }
    for name, config in models.items():
        _, hf = random_model(work, LLAMA | config)
        for side, names, cut in (("megatron", MEGATRON, by_group), ("vllm", VLLM, one_by_one)):
            made = work.convert("hf", hf, side)
            back = work.convert(side, made, "hf", *(("--set", f"head_dim={HEAD}") if side == "megatron" else ()))
            work.say(f"{name}: hf -> {side} -> hf", logits_differ(fused_logits(tensors(made), names, cut), hf_logits(hf)),
                     bits_differ(tensors(back), tensors(hf)))


def check(work: Workplace) -> None:
    torch.manual_seed(2)
    check_meta(work)
    check_fused(work)
