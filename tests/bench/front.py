#!/usr/bin/env python3
"""Time of what comes before the first byte is moved: start-up, and binding against the number of keys.

Bound are checkpoints of 61 layers with experts, one by one on one side and stacked on the other, whose tensors are holes
in a file. Times are wall seconds, the least and the median of the runs. Python's standard library only.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import made_checkpoints as made

MAPPING = f"{Path(__file__).resolve().parent / 'layouts.omap'}:experts"
LAYERS = 61


def stacked(experts: int) -> made.Shapes:
    out = {}
    for layer in range(LAYERS):
        out |= {f"blocks.{layer}.{name}": (experts * 8, 8) for name in ("w1", "w2", "w3")}
        out |= {f"blocks.{layer}.norm.{n}": (8,) for n in range(9)}
    return out


def apart(experts: int) -> made.Shapes:
    out = {}
    for layer in range(LAYERS):
        for expert in range(experts):
            out |= {f"layers.{layer}.experts.{expert}.{name}": (8, 8) for name in ("gate", "up", "down")}
        out |= {f"layers.{layer}.norm.{n}": (8,) for n in range(9)}
    return out


def bind(program: Path, side: str, shapes: made.Shapes, experts: int, runs: int) -> dict:
    with tempfile.TemporaryDirectory() as directory:
        made.write(Path(directory) / "made", shapes, sparse=True)
        command = [str(program), MAPPING, f"{side}={directory}/made", str(runs), f"experts={experts}"]
        return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def started(command: list[str], runs: int) -> list[float]:
    seconds = []
    for _ in range(runs + 1):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - start)
    return seconds[1:]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", type=Path, help="the folder of olmoc and omap_bench_bind")
    parser.add_argument("--runs", type=int, default=11)
    parser.add_argument("--python", help="an interpreter that has OLMo-core 3.0: its start-up is measured too")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    arguments = parser.parse_args()

    olmoc = str(arguments.programs / "olmoc")
    commands = {"`olmoc --version`": [olmoc, "--version"], "`olmoc check std:llama`": [olmoc, "check", "std:llama"]}
    if arguments.python:
        commands["`import torch`"] = [arguments.python, "-c", "import torch"]
        commands["`import olmo_core.nn.hf.convert`"] = [arguments.python, "-c", "import olmo_core.nn.hf.convert"]
    figures = {"start": {}, "bind": []}
    print("| start | least, ms | median, ms |\n|---|---|---|")
    for name, command in commands.items():
        seconds = started(command, arguments.runs if command[0] == olmoc else 3)
        figures["start"][name] = seconds
        print(f"| {name} | {min(seconds) * 1e3:.0f} | {statistics.median(seconds) * 1e3:.0f} |")
    print("\n| binding | keys read | keys written | least, ms | median, ms |\n|---|---|---|---|---|")
    for experts in (256, 2560):
        for what, side, shapes in (("experts taken apart", "trained", stacked), ("experts stacked", "published", apart)):
            found = bind(arguments.programs / "omap_bench_bind", side, shapes(experts), experts, arguments.runs)
            figures["bind"].append({"what": what, "experts": experts} | found)
            print(f"| {what}, {experts} a layer | {found['sources']} | {found['destinations']} "
                  f"| {found['least'] * 1e3:.0f} | {found['median'] * 1e3:.0f} |")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
