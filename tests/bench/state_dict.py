#!/usr/bin/env python3
"""Compares conversions of tensors in memory: omap's StateConverter, OLMo-core's, and a clone of every tensor.

Each is a fresh process, which touches as much memory as the result will take and gives it back before it measures;
repetitions of what is compared take turns, in an order of chance, after one of each that does not count. GB are 1e9
bytes; GB/s count bytes read and bytes written. "memory" is the most that was resident while converting, beyond what was
before the state was made, as multiples of the state's bytes.

"processor" is what all threads spent: where other programs run too, it says more than the seconds.

Usage: state_dict.py BENCH [--python PYTHON] [--states NAME...] [--runs N] [--json FILE]
  BENCH     the program omap_bench_state_dict
  --python  an interpreter that has OLMo-core; without it, omap's figures alone are shown
"""

import argparse
import json
import random
import statistics
import subprocess
from pathlib import Path

PEER = Path(__file__).parent / "peer" / "convert_state_dict.py"  # Beside no module that could be taken for a library.
GB = 1e9
WORK = [("dense", "to_hf"), ("dense", "from_hf"), ("moe", "to_hf"), ("moe", "from_hf")]


def run(command):
    done = subprocess.run([str(c) for c in command], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads([line for line in done.stdout.splitlines() if line.startswith("{")][-1])


def measured(candidates, runs):
    """Medians of each. Each turn has an order of its own: how fast memory is depends on who had it before."""
    samples = {name: [] for name in candidates}
    for turn in range(runs + 1):
        for name in random.Random(turn).sample(list(candidates), len(candidates)):
            result = run(candidates[name])
            if turn > 0:
                samples[name].append(result)
    return {
        name: {key: statistics.median(s[key] for s in all_of) for key in all_of[0]}
        for name, all_of in samples.items()
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench")
    parser.add_argument("--python")
    parser.add_argument("--states", nargs="+", choices=["dense", "moe", "many"], default=["dense", "moe", "many"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json")
    options = parser.parse_args()

    def ours(shape, direction, mode):
        family = "olmo2" if shape == "dense" else "flex_olmo"
        return [options.bench, f"std:{family}", shape, direction, mode, options.threads]

    def peer(shape, direction, mode):
        return [options.python, PEER, shape, direction, mode, options.threads]

    rows = []
    print(f"| state | direction | what | seconds | processor | GB/s | memory | beside OLMo-core |")
    print(f"|---|---|---|---|---|---|---|---|")
    for shape, direction in WORK:
        if shape not in options.states:
            continue
        candidates = {f"omap, {mode}": ours(shape, direction, mode) for mode in ("copy", "views", "release")}
        candidates["clone of each tensor"] = ours(shape, direction, "clone")
        candidates["memcpy to huge pages"] = ours(shape, direction, "memcpy")
        if options.python:
            candidates["OLMo-core"] = peer(shape, direction, "copy")
        results = measured(candidates, options.runs)
        reference = results.get("OLMo-core")
        for name, r in results.items():
            rate = 2 * r["bytes"] / r["seconds"] / GB
            ratio = f"{reference['seconds'] / r['seconds']:.1f} times as fast" if reference else ""
            memory = 1 + r["rise"] / r["bytes"]
            print(f"| {shape} | {direction} | {name} | {r['seconds']:.3f} | {r['processor']:.3f} | {rate:.1f} | {memory:.2f} | {ratio} |")
            rows.append(dict(state=shape, direction=direction, what=name, memory=memory, **r))
    for direction in ("to_hf", "from_hf") if "many" in options.states else ():
        candidates = {"omap": ours("many", direction, "bind")}
        if options.python:
            candidates["OLMo-core"] = peer("many", direction, "bind")
        for name, r in measured(candidates, options.runs).items():
            print(f"| 61 layers, 256 experts | {direction} | {name}: get_mappings, {r['keys']:.0f} keys in |"
                  f" {r['seconds']:.3f} | {r['processor']:.3f} | | | |")
            rows.append(dict(state="many", direction=direction, what=name, **r))
    if options.json:
        Path(options.json).write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
