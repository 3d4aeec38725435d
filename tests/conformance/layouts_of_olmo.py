"""OLMo's first training code, OLMo-core and Transformers: olmo, olmo2 and olmoe."""

import torch
from torch import Tensor
from torch.nn import functional as F

import reference_decoder as reference
from workplace import (D, EXPERTS, FF, HEAD, HEADS, KV, LAYERS, TOKENS, TOP_K, VOCAB, State, Workplace, bits_differ, heads,
                       hf_logits, logits_differ, noise, norm_weight, tensors)

def olmo_state(kind: str, tied: bool) -> State:
    kv = KV * HEAD
    state = {"transformer.wte.weight": noise(VOCAB, D)}
    for layer in range(LAYERS):
        block = {"att_proj.weight": noise(D + 2 * kv, D), "attn_out.weight": noise(D, D)}
        if kind != "olmo":
            block |= {"q_norm.weight": norm_weight(), "k_norm.weight": norm_weight(kv),
                      "attn_norm.weight": norm_weight(), "ff_norm.weight": norm_weight()}
        if kind == "olmoe":
            block |= {"ffn.router.layer.weight": noise(EXPERTS, D)}
            block |= {f"ffn.experts.mlp.{name}": noise(EXPERTS * FF, D) for name in ("w1", "v1", "w2")}
        else:
            block |= {"ff_proj.weight": noise(2 * FF, D), "ff_out.weight": noise(D, FF)}
        state |= {f"transformer.blocks.{layer}.{key}": tensor for key, tensor in block.items()}
    if kind != "olmo":
        state["transformer.ln_f.weight"] = norm_weight()
    if not tied:
        state["transformer.ff_out.weight"] = noise(VOCAB, D)
    return state


def olmo_config(kind: str, tied: bool) -> dict:
    return {"model_type": "hf_olmo", "d_model": D, "n_heads": HEADS, "n_kv_heads": KV, "n_layers": LAYERS,
            "mlp_hidden_size": 2 * FF, "vocab_size": VOCAB, "embedding_size": VOCAB, "max_sequence_length": 64,
            "rope": True, "rope_theta": 500000 if kind == "olmo2" else 10000, "layer_norm_eps": 1e-5,
            "layer_norm_type": "default" if kind == "olmo" else "rms", "norm_after": kind == "olmo2",
            "weight_tying": tied, "include_bias": False, "activation_type": "swiglu", "block_type": "sequential",
            "eos_token_id": 1, "pad_token_id": 2, "moe_num_experts": EXPERTS, "moe_top_k": TOP_K}


def olmo_logits(state: State, kind: str, theta: float) -> Tensor:
    """`OLMoSequentialBlock`: one matrix for queries, keys and values, another whose second half is the gate."""

    def norm(name: str):
        if kind == "olmo":
            return lambda x: F.layer_norm(x, x.shape[-1:], eps=1e-5)
        return reference.rms_norm(state["transformer." + name], 1e-5)

    def block(layer: int) -> reference.Block:
        at = {key.removeprefix(f"transformer.blocks.{layer}."): tensor for key, tensor in state.items()}
        plain = lambda x: x  # noqa: E731
        q_norm = plain if kind == "olmo" else norm(f"blocks.{layer}.q_norm.weight")
        k_norm = plain if kind == "olmo" else norm(f"blocks.{layer}.k_norm.weight")

        def qkv(x: Tensor):
            q, k, v = F.linear(x, at["att_proj.weight"]).split((D, KV * HEAD, KV * HEAD), dim=-1)
            return heads(q_norm(q), HEADS), heads(k_norm(k), KV), heads(v, KV)

        if kind == "olmoe":
            w1, v1, w2 = (at[f"ffn.experts.mlp.{name}"].view(EXPERTS, FF, D) for name in ("w1", "v1", "w2"))
            experts = [reference.swiglu(w1[e], v1[e], w2[e].T) for e in range(EXPERTS)]
            feed_forward = reference.mixture(at["ffn.router.layer.weight"], experts, TOP_K)
        else:
            up, gate = at["ff_proj.weight"].chunk(2)
            feed_forward = reference.swiglu(gate, up, at["ff_out.weight"])
        return reference.Block(qkv, lambda y: F.linear(y, at["attn_out.weight"]), feed_forward,
                               norm(f"blocks.{layer}.attn_norm.weight"), norm(f"blocks.{layer}.ff_norm.weight"),
                               norms_behind=kind == "olmo2")

    head = state.get("transformer.ff_out.weight", state["transformer.wte.weight"])
    return reference.decode(state["transformer.wte.weight"][TOKENS], [block(i) for i in range(LAYERS)],
                            norm("ln_f.weight"), head, lambda x: reference.turn_halves(x, theta))


def check_olmo(work: Workplace) -> None:
    for kind, tied in (("olmo", False), ("olmo", True), ("olmo2", False), ("olmoe", False)):
        state, config = olmo_state(kind, tied), olmo_config(kind, tied)
        wanted = olmo_logits(state, kind, config["rope_theta"])
        hf = work.convert("olmo", work.checkpoint(state, {"config.json": config}), "hf")
        back = work.convert("hf", hf, "olmo")
        wrapped = {f"model.{key}": tensor for key, tensor in state.items()}
        bare = work.convert("olmo", work.checkpoint(wrapped, as_torch="model.pt"), "hf")
        core = work.convert("olmo", work.checkpoint(state, {"config.json": config}), "olmo_core")
        home = work.convert("olmo_core", core, "olmo")
        work.say(f"{kind}{', tied' if tied else ''}: as OLMo saved it -> hf -> back, -> OLMo-core -> back",
                 logits_differ(hf_logits(hf), wanted),
                 bits_differ(tensors(back), state),
                 bits_differ(tensors(bare), tensors(hf)),
                 bits_differ(tensors(home), state))


def check(work: Workplace) -> None:
    torch.manual_seed(1)
    check_olmo(work)
