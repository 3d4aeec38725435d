"""Transformers' models in memory and their files, and GPT-2 with Llama's names."""

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import AutoConfig, AutoModelForCausalLM

import reference_decoder as reference
from workplace import (D, EXPERTS, FF, HEAD, HEADS, KV, LAYERS, TOKENS, TOP_K, VOCAB, State, Workplace, bits_differ, heads,
                       hf_logits, logits_differ, random_model, tensors)

COMMON = {"hidden_size": D, "intermediate_size": FF, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
          "vocab_size": VOCAB, "max_position_embeddings": 64, "num_experts_per_tok": TOP_K, "pad_token_id": None,
          "moe_intermediate_size": 20}
GPT2 = {"model_type": "gpt2", "vocab_size": VOCAB, "n_positions": 64, "n_embd": D, "n_layer": LAYERS, "n_head": HEADS,
        "n_inner": FF, "bos_token_id": None, "eos_token_id": None}
DEEPSEEK = COMMON | {"model_type": "deepseek_v3", "num_key_value_heads": HEADS, "n_routed_experts": EXPERTS,
                     "n_shared_experts": 2, "n_group": 1, "topk_group": 1, "first_k_dense_replace": 2,
                     "kv_lora_rank": 16, "qk_nope_head_dim": 10, "qk_rope_head_dim": 6, "v_head_dim": 14}
QWEN = COMMON | {"model_type": "qwen3_moe", "num_key_value_heads": KV, "head_dim": 10, "num_experts": EXPERTS}
MODELS = {
    "mixtral": COMMON | {"model_type": "mixtral", "num_key_value_heads": KV, "num_local_experts": EXPERTS},
    "mixtral, tied": COMMON | {"model_type": "mixtral", "num_key_value_heads": KV, "num_local_experts": 11,
                               "tie_word_embeddings": True},
    "qwen3_moe": QWEN | {"mlp_only_layers": [1]},
    "qwen3_moe, experts everywhere, biases, tied": QWEN | {"attention_bias": True, "tie_word_embeddings": True},
    "olmoe": COMMON | {"model_type": "olmoe", "num_key_value_heads": KV, "num_experts": EXPERTS},
    "flex_olmo": COMMON | {"model_type": "flex_olmo", "num_key_value_heads": KV, "num_experts": 12},
    "deepseek_v3": DEEPSEEK | {"q_lora_rank": 22},
    "deepseek_v3, queries at once, biases": DEEPSEEK | {"q_lora_rank": None, "attention_bias": True},
    "gpt2": GPT2,
    "gpt2, not tied": GPT2 | {"tie_word_embeddings": False},
}


def check_in_memory(work: Workplace) -> None:
    for name, config in MODELS.items():
        model, hf = random_model(work, config)
        state = {key: tensor.detach() for key, tensor in model.state_dict().items()}
        made = work.convert("hf", hf, "in_memory")
        back = work.convert("in_memory", made, "hf")
        work.say(f"{name}: hf -> in memory -> hf", bits_differ(tensors(made), state),
                 bits_differ(tensors(back), tensors(hf)), logits_differ(hf_logits(back), hf_logits(hf)))


def layer_norm(weight: Tensor, bias: Tensor):
    return lambda x: F.layer_norm(x, x.shape[-1:], weight, bias, 1e-5)


def gpt2_logits(state: State) -> Tensor:
    def block(i: int) -> reference.Block:
        def linear(key: str):
            return lambda x: F.linear(x, state[f"model.layers.{i}.{key}.weight"], state[f"model.layers.{i}.{key}.bias"])

        def norm(key: str):
            return layer_norm(state[f"model.layers.{i}.{key}.weight"], state[f"model.layers.{i}.{key}.bias"])

        return reference.Block(
            lambda x: tuple(heads(linear(f"self_attn.{part}_proj")(x), HEADS) for part in "qkv"),
            linear("self_attn.o_proj"),
            lambda x: linear("mlp.down_proj")(F.gelu(linear("mlp.up_proj")(x), approximate="tanh")),
            norm("input_layernorm"), norm("post_attention_layernorm"))

    embeddings = state["model.embed_tokens.weight"]
    x = embeddings[TOKENS] + state["model.embed_positions.weight"][: len(TOKENS)]
    return reference.decode(x, [block(i) for i in range(LAYERS)],
                            layer_norm(state["model.norm.weight"], state["model.norm.bias"]), embeddings, lambda x: x)


def check_gpt2_split(work: Workplace) -> None:
    _, hf = random_model(work, GPT2)
    # As the first releases are: no prefix, and masks among the weights.
    bare = {key.removeprefix("transformer."): tensor for key, tensor in tensors(hf).items()}
    masks = {f"h.{i}.attn.bias": torch.ones(1, 1, 8, 8).tril() for i in range(LAYERS)}
    old = work.checkpoint(bare | masks)
    made = work.convert("hf", hf, "split")
    back = work.convert("split", made, "hf")
    work.say("gpt2: hf -> queries, keys and values apart -> hf", logits_differ(gpt2_logits(tensors(made)), hf_logits(hf)),
             bits_differ(tensors(back), tensors(hf)),
             bits_differ(tensors(work.convert("hf", old, "split")), tensors(made)))


def check(work: Workplace) -> None:
    torch.manual_seed(3)
    check_in_memory(work)
    check_gpt2_split(work)
