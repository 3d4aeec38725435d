#!/usr/bin/env python3
"""Time and peak memory of compiling mappings of many rules. Python's standard library only.

Each mapping has so many rules that differ from each other: of every ten, five stand in a block behind a prefix, three
have shapes, one has an index and a condition, and one neither. Times are those of the processor, the least of the runs:
olmoc compiles on one thread, so on an idle machine they are wall times. Peak memory is what wait4 reports: it cannot be
less than this script's own, about 15 MB. MB are 1e6 bytes.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

MB = 1e6

HEAD = """omap 1

side a: safetensors
side b: safetensors

mapping made: a <-> b {
    param q: int
    param n: int
    index layer in 0..n

"""

GROUP = """    blocks.{g} <-> model.layers.{g} {{
        attention.w_q.weight <-> self_attn.q_proj.weight
        attention.w_k.weight <-> self_attn.k_proj.weight
        attention.w_v.weight <-> self_attn.v_proj.weight
        feed_forward.w1.weight[h d] <-> mlp.gate_proj.weight[d h]
        attention_norm.weight <-> input_layernorm.weight
    }}
    fused.{g}.wq[q d], fused.{g}.wk[k d] <-> joined.{g}.qk[(q + k) d]
    experts.{g}.w[(e h) d] <-> stacked.{g}.w[d e=8 h]
    stages.{g}.{{layer}}.weight <-> steps.{g}.{{layer}}.weight when n > {g}
    heads.{g}.weight -> head.{g}.weight
    heads.{g}.weight <- head.{g}.weight
"""


def mapping(rules: int) -> str:
    return HEAD + "".join(GROUP.format(g=g) for g in range(rules // 10)) + "}\n"


def run(command: list[str]) -> tuple[float, float]:
    """Processor seconds and peak bytes of a program, which has to succeed."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit status {process.returncode}\n{said[:2000]}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("olmoc", type=Path)
    parser.add_argument("--rules", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write the figures here too")
    arguments = parser.parse_args()

    figures = []
    print("| rules | text | check | peak | compile | peak | load the plan | peak |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for rules in arguments.rules:
            text = Path(folder) / "made.omap"
            plan = Path(folder) / "made.json"
            text.write_text(mapping(rules))
            row = [f"{rules:,}", f"{text.stat().st_size / MB:.1f} MB"]
            figures.append({"rules": rules})
            commands = {"check": ["check", text], "compile": ["compile", text, "-o", plan], "load": ["check", plan]}
            for name, command in commands.items():
                runs = [run([str(arguments.olmoc), *map(str, command)]) for _ in range(arguments.runs)]
                seconds, peak = min(seconds for seconds, _ in runs), max(peak for _, peak in runs)
                figures[-1][name] = {"seconds": seconds, "peak": peak}
                row += [f"{seconds:.2f} s", f"{peak / MB:.0f} MB"]
            print(f"| {' | '.join(row)} |", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
