"""Made checkpoints: safetensors files of given names and shapes, written fast and in little memory."""

import json
import math
import os
import struct
from pathlib import Path

BYTES = {"BF16": 2, "F32": 4}
Shapes = dict[str, tuple[int, ...]]


def write(directory: Path, shapes: Shapes, dtype: str = "BF16", sparse: bool = False) -> int:
    """Writes one file; the bytes of its tensors. Each begins with its own number and goes on with random bytes that
    repeat, or is a hole in the file where `sparse` is set."""
    header, offset = {}, 0
    for key, shape in sorted(shapes.items()):
        end = offset + BYTES[dtype] * math.prod(shape)
        header[key] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    block = os.urandom(1 << 20)
    directory.mkdir(parents=True)
    with open(directory / "model.safetensors", "wb", buffering=1 << 20) as file:
        file.write(struct.pack("<Q", len(text)) + text)
        if sparse:
            file.truncate(8 + len(text) + offset)
            return offset
        for number, entry in enumerate(header.values()):
            begin, end = entry["data_offsets"]
            file.write(struct.pack("<Q", number)[: end - begin])
            for at in range(begin + 8, end, len(block)):
                file.write(block[: end - at])
    return offset


def _scaled(size: float, unit: int, count: int, least: int = 64) -> int:
    """The multiple of 64 whose square, `unit` elements of it `count` times, is about `size` bytes."""
    return max(least, round(math.sqrt(size / (unit * count)) / 64) * 64)


def renamed(size: float, bytes_each: int = 2, prefix: str = "old") -> Shapes:
    """498 tensors: 45 layers of 7 matrices and 4 vectors, and three more."""
    d = _scaled(size, bytes_each * 482, 1)
    layer = [(d, d)] * 4 + [(2 * d, d)] * 2 + [(d, 2 * d)] + [(d,)] * 4
    return dict(enumerate_names(prefix, [(16 * d, d), (d,), (16 * d, d)] + layer * 45))


def renamed_many(size: float) -> Shapes:
    """50,000 tensors of one size."""
    return dict(enumerate_names("old", [(max(1, round(size / 50_000 / 2 / 64)), 64)] * 50_000))


def enumerate_names(prefix: str, shapes: list[tuple[int, ...]]):
    return ((f"{prefix}.{number}", shape) for number, shape in enumerate(shapes))


EXPERTS, EXPERT_LAYERS = 64, 8


def experts(size: float) -> Shapes:
    """8 layers of 64 experts, stacked, and a norm."""
    d = _scaled(size, 2 * 3, EXPERTS * EXPERT_LAYERS)
    out = {}
    for layer in range(EXPERT_LAYERS):
        for name in ("w1", "w2", "w3"):
            out[f"blocks.{layer}.{name}"] = (EXPERTS * d, d)
        out[f"blocks.{layer}.norm.0"] = (d,)
    return out


FUSED_LAYERS = 32


def fused_width(size: float) -> int:
    # 1.5 d^2 for queries, keys and values with four query heads to a key head, 8 d^2 for the feed-forward.
    return _scaled(size, 2, round(9.5 * FUSED_LAYERS), 256)


def fused(size: float) -> Shapes:
    """32 layers of queries, keys, values, gate and up, each its own tensor."""
    d = fused_width(size)
    out = {}
    for layer in range(FUSED_LAYERS):
        block = f"blocks.{layer}."
        out |= {block + "wq": (d, d), block + "wk": (d // 4, d), block + "wv": (d // 4, d)}
        out |= {block + "gate": (4 * d, d), block + "up": (4 * d, d)}
    return out
