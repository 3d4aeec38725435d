"""OLMo-core's own conversion of a checkpoint, and a checkpoint for it. Needs ai2-olmo-core 3.0.

Usage: convert_checkpoint.py make SHAPE BYTES DIRECTORY     with SHAPE dense or moe; prints its size
       convert_checkpoint.py convert SOURCE DESTINATION

`convert` takes the steps of its `convert_checkpoint_to_hf` that move tensors: build the model, load the distributed
checkpoint into it, `save_hf_model`; neither a tokenizer nor a validation. A FlexOlmo's converted state is written
directly: `save_hf_model` cannot load its experts into the class that Transformers 5 has.
"""

import json
import logging
import math
import sys
import warnings
from pathlib import Path

import torch
from olmo_core.config import DType
from olmo_core.distributed.checkpoint import load_model_and_optim_state, save_model_and_optim_state
from olmo_core.nn.transformer import TransformerConfig

warnings.simplefilter("ignore")
logging.disable(logging.WARNING)


def config_of(shape: str, size: float) -> TransformerConfig:
    from olmo_core.nn.attention import AttentionBackendName
    from olmo_core.nn.feed_forward import FeedForwardConfig
    from olmo_core.nn.transformer import TransformerBlockType

    # A layer of `dense` has 4 + 3 * 4 matrices of d x d, one of `moe` 4 + 3 * 64.
    layers, matrices = (16, 16) if shape == "dense" else (8, 196)
    d = max(128, round(math.sqrt(size / 2 / (layers * matrices + 64)) / 128) * 128)
    common = dict(d_model=d, vocab_size=32 * d, n_layers=layers, n_heads=d // 128, qk_norm=True, dtype=DType.bfloat16,
                  attn_backend=AttentionBackendName.torch)
    if shape == "dense":
        feed_forward = FeedForwardConfig(hidden_size=4 * d, bias=False, dtype=DType.bfloat16)
        return TransformerConfig.llama_like(block_name=TransformerBlockType.reordered_norm, feed_forward=feed_forward,
                                            **common)
    config = TransformerConfig.llama_like_moe(num_experts=64, top_k=8, expert_hidden_size=d, reordered_norm=True,
                                              **common)
    config.block.feed_forward_moe.dtype = DType.bfloat16
    return config


def make(shape: str, size: float, directory: Path) -> None:
    config = config_of(shape, size)
    model = config.build(init_device="meta")
    model.to_empty(device="cpu")
    with torch.no_grad():
        for number, parameter in enumerate(model.parameters()):
            parameter.view(torch.int16).fill_(0x3C01 + number)
    directory.mkdir(parents=True)
    save_model_and_optim_state(directory / "model_and_optim", model)
    (directory / "config.json").write_text(json.dumps({"model": config.as_config_dict()}))
    print(json.dumps({"bytes": sum(p.numel() * p.element_size() for p in model.parameters())}))


def convert(source: Path, destination: Path) -> None:
    import torch.distributed.checkpoint.state_dict as state_dicts
    from olmo_core.nn.hf.checkpoint import save_hf_model
    from olmo_core.nn.hf.config import get_hf_config
    from olmo_core.nn.hf.convert import convert_state_to_hf
    from safetensors.torch import save_file

    config = TransformerConfig.from_dict(json.loads((source / "config.json").read_text())["model"])
    model = config.build(init_device="meta")
    model.to_empty(device=torch.device("cpu"))
    load_model_and_optim_state(source / "model_and_optim", model)
    options = state_dicts.StateDictOptions(flatten_optimizer_state_dict=True, cpu_offload=True)
    state = state_dicts.get_model_state_dict(model, options=options)
    if not any("experts" in key for key in state):
        return save_hf_model(destination, state, model, save_overwrite=True)
    hf_config = get_hf_config(model)
    state = convert_state_to_hf(hf_config, state)
    destination.mkdir(parents=True)
    save_file({key: value.contiguous() for key, value in state.items()}, destination / "model.safetensors",
              metadata={"format": "pt"})
    hf_config.save_pretrained(destination)


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2], float(sys.argv[3]), Path(sys.argv[4]))
    else:
        convert(Path(sys.argv[2]), Path(sys.argv[3]))
