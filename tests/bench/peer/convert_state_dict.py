"""One conversion by OLMo-core's StateConverter of the state that state_dict_convert.cpp makes, timed.

Usage: convert_state_dict.py SHAPE DIRECTION MODE THREADS, with MODE copy or bind.
"""

import ctypes
import json
import mmap
import sys
import time
from pathlib import Path

import torch
from olmo_core.nn.conversion.state_mapping import TemplatePlaceholder
from olmo_core.nn.hf.convert import get_converter_from_hf, get_converter_to_hf

SHAPES = {
    "dense": dict(layers=16, width=2048, hidden=8192, vocab=100352, experts=0),
    "moe": dict(layers=8, width=1024, hidden=1024, vocab=32768, experts=64),
    "many": dict(layers=61, width=1, hidden=1, vocab=1, experts=256),
}


def filled(*shape):
    tensor = torch.empty(shape, dtype=torch.bfloat16)
    tensor.view(torch.int16).fill_(0x3C01)
    return tensor


def olmo_state(layers, width, hidden, vocab, experts):
    state = {
        "embeddings.weight": filled(vocab, width),
        "lm_head.norm.weight": filled(width),
        "lm_head.w_out.weight": filled(vocab, width),
    }
    for layer in range(layers):
        block = f"blocks.{layer}."
        for name in ("w_q", "w_k", "w_v", "w_out"):
            state[f"{block}attention.{name}.weight"] = filled(width, width)
        for name in ("attention.q_norm", "attention.k_norm", "attention_norm", "feed_forward_norm"):
            state[f"{block}{name}.weight"] = filled(width)
        if experts:
            moe = f"{block}feed_forward_moe."
            state[moe + "router.weight"] = filled(experts * width)
            state[moe + "experts.mlp.w1"] = filled(experts * width, hidden)
            state[moe + "experts.mlp.w2"] = filled(experts * hidden, width)
            state[moe + "experts.mlp.w3"] = filled(experts * width, hidden)
        else:
            state[block + "feed_forward.w1.weight"] = filled(hidden, width)
            state[block + "feed_forward.w2.weight"] = filled(width, hidden)
            state[block + "feed_forward.w3.weight"] = filled(hidden, width)
    return state


def status_bytes(name):
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    return 0


def warm_memory(size):
    """As state_dict_convert.cpp does."""
    memory = mmap.mmap(-1, size)
    memory.madvise(mmap.MADV_HUGEPAGE if hasattr(mmap, "MADV_HUGEPAGE") else 14)
    touched = (ctypes.c_char * size).from_buffer(memory)
    ctypes.memset(touched, 1, size)
    del touched
    memory.close()


def main():
    shape, direction, mode, threads = sys.argv[1:]
    torch.set_num_threads(int(threads))
    sizes = SHAPES[shape]
    bounds = {TemplatePlaceholder.LAYER: sizes["layers"]}
    if sizes["experts"]:
        bounds[TemplatePlaceholder.EXPERT] = sizes["experts"]
    family = "flex_olmo" if sizes["experts"] else "olmo2"
    converter = get_converter_to_hf(family)
    state = olmo_state(**sizes)
    if direction == "from_hf":
        state = converter.convert(state, bounds)
        converter = get_converter_from_hf(family)
    size = sum(t.numel() * t.element_size() for t in state.values())
    warm_memory(size + size // 8)
    Path("/proc/self/clear_refs").write_text("5")
    before = status_bytes("VmRSS")
    processor_start = time.process_time()
    start = time.perf_counter()
    made = converter.get_mappings(state, bounds) if mode == "bind" else converter.convert(state, bounds)
    seconds = time.perf_counter() - start
    processor = time.process_time() - processor_start
    rise = max(0, status_bytes("VmHWM") - before)
    print(json.dumps(dict(seconds=seconds, processor=processor, bytes=size, rise=rise, keys=len(state), made=len(made))))


main()
