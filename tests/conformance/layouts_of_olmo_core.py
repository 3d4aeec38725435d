"""OLMo-core's models and Transformers: olmoe in both of OLMo-core's layouts of experts, and olmo2 from files on the Hub;
and what OLMo's first training code saved, as OLMo-core computes with it.
"""

import json

import torch
from olmo_core.nn.transformer import TransformerBlockType, TransformerConfig
from torch import Tensor

from layouts_of_olmo import olmo_config, olmo_logits, olmo_state
from workplace import (D, EXPERTS, FF, HEADS, KV, LAYERS, TOKENS, TOP_K, VOCAB, State, Workplace, bits_differ, hf_logits,
                       logits_differ, noise, random_model, tensors)


def core_config(*, reordered: bool = True, dropless: bool | None = None) -> TransformerConfig:
    common = dict(d_model=D, vocab_size=VOCAB, n_layers=LAYERS, n_heads=HEADS, n_kv_heads=KV, qk_norm=True, rope_theta=10000)
    if dropless is not None:
        return TransformerConfig.llama_like_moe(num_experts=EXPERTS, top_k=TOP_K, expert_hidden_size=FF, dropless=dropless,
                                                reordered_norm=reordered, **common)
    config = TransformerConfig.llama_like(block_name=TransformerBlockType.reordered_norm, **common)
    config.block.feed_forward.hidden_size = FF
    return config


def without_kernels(moe: torch.nn.Module) -> None:
    """OLMo-core routes tokens by GPU kernels. Here every expert sees every token, and its own matrices are what they
    are in OLMo-core: `moe.experts.mlp`."""

    def forward(x: Tensor, weights: Tensor, chosen: Tensor, _: Tensor) -> Tensor:
        rows, count = x.reshape(-1, x.shape[-1]), moe.num_experts
        if type(moe).__name__ == "DroplessMoE":
            outputs = moe.experts.mlp(rows.repeat(count, 1), torch.tensor([len(rows)] * count))
        else:
            outputs = moe.experts.mlp(rows.expand(count, *rows.shape))
        outputs = outputs.view(count, *rows.shape)
        weights, chosen = weights.reshape(len(rows), -1), chosen.reshape(len(rows), -1)
        tokens = torch.arange(len(rows))
        return sum(weights[:, i, None] * outputs[chosen[:, i], tokens] for i in range(weights.shape[1])).view(x.shape)

    moe.experts.forward = forward


def core_logits(config: TransformerConfig, state: State) -> Tensor:
    model = config.build(init_device="cpu").eval()
    model.load_state_dict(state)
    for module in list(model.modules()):
        if type(module).__name__ in ("MoE", "DroplessMoE"):
            without_kernels(module)
    with torch.no_grad():
        return model(TOKENS[None])[0]


def core_files(config: TransformerConfig) -> dict[str, dict]:
    tokenizer = {"vocab_size": VOCAB, "eos_token_id": 1, "pad_token_id": 2}
    return {"config.json": {"model": config.as_config_dict(), "dataset": {"tokenizer": tokenizer}}}


HF = {"hidden_size": D, "intermediate_size": FF, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
      "num_key_value_heads": KV, "vocab_size": VOCAB, "rms_norm_eps": 1e-5, "pad_token_id": None,
      "rope_parameters": {"rope_theta": 10000.0, "rope_type": "default"}, "tie_word_embeddings": False}
HF_OLMOE = HF | {"model_type": "olmoe", "architectures": ["OlmoeForCausalLM"], "num_experts": EXPERTS,
                 "num_experts_per_tok": TOP_K}


def check_olmoe(work: Workplace) -> None:
    for dropless in (True, False):
        config = core_config(reordered=False, dropless=dropless)
        state = config.build(init_device="cpu").state_dict()
        state = {key: noise(*tensor.shape) + ("norm" in key) for key, tensor in state.items()}
        hf = work.convert("olmo_core", work.checkpoint(state, core_files(config)), "hf")
        if not (hf / "config.json").exists():
            (hf / "config.json").write_text(json.dumps(HF_OLMOE))
        back = work.convert("hf", hf, "olmo_core", *([] if dropless else ["--set", "dropless=false"]))
        work.say(f"olmoe, {'dropless' if dropless else 'default'}: OLMo-core -> hf -> OLMo-core",
                 logits_differ(hf_logits(hf), core_logits(config, state)), bits_differ(tensors(back), state))


def check_from_hub(work: Workplace) -> None:
    models = {
        "olmo2": (HF | {"model_type": "olmo2"}, core_config()),
        "olmoe": (HF_OLMOE, core_config(reordered=False, dropless=True)),
    }
    for name, (hf_config, config) in models.items():
        model, hf = random_model(work, hf_config)
        wanted = hf_logits(hf)
        model.save_pretrained(hf, max_shard_size="40KB")  # an index, and shards
        (hf / "model.safetensors").unlink(missing_ok=True)
        core = work.convert("hf", hf, "olmo_core")
        work.say(f"{name}: {len(list(hf.glob('*.safetensors')))} files from the Hub -> OLMo-core",
                 logits_differ(core_logits(config, tensors(core)), wanted))


def check_first_olmo(work: Workplace) -> None:
    for kind in ("olmo", "olmo2", "olmoe"):
        state, files = olmo_state(kind, False), olmo_config(kind, False)
        core = work.convert("olmo", work.checkpoint(state, {"config.json": files}), "olmo_core")
        config = TransformerConfig.from_dict(json.loads((core / "config.json").read_text())["model"])
        work.say(f"{kind}: as OLMo saved it -> OLMo-core",
                 logits_differ(core_logits(config, tensors(core)), olmo_logits(state, kind, files["rope_theta"])))


def check(work: Workplace) -> None:
    torch.manual_seed(4)
    check_olmoe(work)
    check_from_hub(work)
    check_first_olmo(work)
