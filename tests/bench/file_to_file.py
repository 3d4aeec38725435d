#!/usr/bin/env python3
"""Compares `olmoc run` with `cp` on a made checkpoint: wall time and peak memory. Python's standard library only.

The checkpoint is an OLMo-core directory of 45 layers, 498 bfloat16 tensors, for std:olmo2. It lies in a memory file
system by default, so that the figures are about copying and not about a disk. Runs of both programs alternate, after
one of each that does not count; the destination is removed before each. Peak memory is what wait4 reports: it cannot
be less than this script's own, about 12 MB. GB are 1e9 bytes; GB/s count bytes read and bytes written.
"""

import argparse
import json
import math
import os
import shutil
import statistics
import struct
import sys
import tempfile
import time
from pathlib import Path

CONFIG = Path(__file__).resolve().parent.parent / "fixtures" / "olmo2" / "olmo_core" / "config.json"
LAYERS = 45
HEAD = 64
GB = 1e9


def shapes(d: int) -> dict[str, tuple[int, ...]]:
    """An OLMo 2 of width d: feed-forward 2 d, vocabulary 16 d, hence about 482 d^2 elements."""
    hidden, vocab = 2 * d, 16 * d
    out = {"embeddings.weight": (vocab, d), "lm_head.norm.weight": (d,), "lm_head.w_out.weight": (vocab, d)}
    for layer in range(LAYERS):
        block = f"blocks.{layer}."
        out |= {block + f"attention.w_{part}.weight": (d, d) for part in ("q", "k", "v", "out")}
        out |= {block + f"attention.{part}_norm.weight": (d,) for part in ("q", "k")}
        out |= {block + "attention_norm.weight": (d,), block + "feed_forward_norm.weight": (d,)}
        out |= {block + "feed_forward.w1.weight": (hidden, d), block + "feed_forward.w3.weight": (hidden, d),
                block + "feed_forward.w2.weight": (d, hidden)}
    return out


def config(d: int) -> dict:
    out = json.loads(CONFIG.read_text())
    out["model"] |= {"d_model": d, "vocab_size": 16 * d, "n_layers": LAYERS}
    out["model"]["block"]["sequence_mixer"] |= {"n_heads": d // HEAD, "n_kv_heads": d // HEAD}
    out["model"]["block"]["feed_forward"]["hidden_size"] = 2 * d
    out["dataset"]["tokenizer"]["vocab_size"] = 16 * d
    return out


def make_checkpoint(directory: Path, size: float) -> tuple[int, int]:
    """Writes about `size` bytes; the number of tensors, and of their bytes. Each tensor begins with its own number and
    goes on with random bytes that repeat: made fast, and in little memory."""
    d = max(HEAD, round(math.sqrt(size / (2 * 482)) / HEAD) * HEAD)
    header, offset = {}, 0
    for key, shape in sorted(shapes(d).items()):
        end = offset + 2 * math.prod(shape)
        header[key] = {"dtype": "BF16", "shape": shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    block = os.urandom(1 << 20)
    directory.mkdir()
    (directory / "config.json").write_text(json.dumps(config(d)))
    with open(directory / "model.safetensors", "wb", buffering=0) as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for number, entry in enumerate(header.values()):
            begin, end = entry["data_offsets"]
            file.write(struct.pack("<Q", number))
            for at in range(begin + 8, end, len(block)):
                file.write(block[: end - at])
    return len(header), offset


def timed(command: list[str]) -> tuple[float, int]:
    """Wall seconds, and peak resident bytes."""
    start = time.perf_counter()
    child = os.fork()
    if child == 0:
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.execvp(command[0], command)
        finally:
            os._exit(127)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - start
    if status != 0:
        raise SystemExit(f"{' '.join(command)}: exit status {os.waitstatus_to_exitcode(status)}")
    return seconds, usage.ru_maxrss * 1024


def measure(olmoc: Path, work: Path, runs: int) -> dict[str, list[tuple[float, int]]]:
    source, destination = work / "olmo_core", work / "out"
    commands = {
        "cp": ["cp", "-r", str(source), str(destination)],
        "olmoc": [str(olmoc), "run", "std:olmo2", "--from", f"olmo_core={source}", "--to", f"hf={destination}"],
    }
    measured = {program: [] for program in commands}
    for turn in range(runs + 1):
        for program, command in commands.items():
            shutil.rmtree(destination, ignore_errors=True)
            result = timed(command)
            if turn > 0:
                measured[program].append(result)
    shutil.rmtree(destination)
    return measured


def main() -> int:
    parser = argparse.ArgumentParser(description="Compares olmoc with cp.")
    parser.add_argument("olmoc", type=Path)
    parser.add_argument("--size", type=float, default=4.0, help="size of the checkpoint in GB (4)")
    parser.add_argument("--dir", type=Path, help="where to work; needs twice the size (/dev/shm)")
    parser.add_argument("--runs", type=int, default=5, help="measured runs of each program (5)")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    arguments = parser.parse_args()

    shm = Path("/dev/shm")
    parent = arguments.dir or (shm if shm.is_dir() else None)
    with tempfile.TemporaryDirectory(prefix="omap-bench-", dir=parent) as work_name:
        work = Path(work_name)
        tensors, size = make_checkpoint(work / "olmo_core", arguments.size * GB)
        measured = measure(arguments.olmoc.resolve(), work, arguments.runs)

    figures = {"tensors": tensors, "bytes": size, "runs": arguments.runs, "directory": str(work.parent)}
    print(f"{tensors} tensors, {size / GB:.2f} GB, median of {arguments.runs} runs")
    print(f"{'':8}{'seconds':>10}{'min':>8}{'max':>8}{'GB/s':>8}{'peak MB':>10}")
    for program, results in measured.items():
        seconds = [result[0] for result in results]
        median, peak = statistics.median(seconds), max(result[1] for result in results)
        print(f"{program:8}{median:10.3f}{min(seconds):8.3f}{max(seconds):8.3f}{2 * size / median / GB:8.2f}"
              f"{peak / 1e6:10.1f}")
        figures[program] = {"seconds": seconds, "median_seconds": median, "peak_bytes": peak}
    figures["ratio"] = figures["olmoc"]["median_seconds"] / figures["cp"]["median_seconds"]
    print(f"olmoc takes {figures['ratio']:.2f} times as long as cp")
    print(json.dumps(figures))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
