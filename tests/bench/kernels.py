#!/usr/bin/env python3
"""The copy kernels beside memcpy and LibTorch's copy_: a table of medians, and JSON. Python's standard library only.

The program is run several times; each time it goes through all works, and the three sides of a work take turns. GB are
1e9 bytes; GB/s count bytes read and bytes written, and seconds of the processor. A column `of memcpy` says what part of its rate the kernel has,
`of copy_` how many times LibTorch's: below 1 LibTorch is faster.

Usage: kernels.py BENCH [--passes N] [--seconds S] [--filter REGEX] [--json FILE]
  BENCH  the program omap_bench_kernels
"""

import argparse
import json
import statistics
import subprocess
from pathlib import Path

GB = 1e9


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench")
    parser.add_argument("--passes", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.02, help="least time of one measurement (0.02)")
    parser.add_argument("--filter", default=".", help="only works whose names match")
    parser.add_argument("--json")
    options = parser.parse_args()

    command = [options.bench, f"--benchmark_min_time={options.seconds}", "--benchmark_format=json",
               f"--benchmark_filter={options.filter}"]
    rates = {}
    for _ in range(options.passes):
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for result in json.loads(done.stdout)["benchmarks"]:
            work, size, who = result["name"].rsplit("/", 2)
            rates.setdefault((work, size), {}).setdefault(who, []).append(result["bytes"])

    print("| work | size | omap GB/s | copy_ GB/s | memcpy GB/s | of memcpy | of copy_ |")
    print("|---|---|---|---|---|---|---|")
    rows = []
    for (work, size), sides in rates.items():
        omap, torch, memcpy = (statistics.median(sides[who]) / GB for who in ("omap", "torch", "memcpy"))
        print(f"| {work} | {size} | {omap:.1f} | {torch:.1f} | {memcpy:.1f} | {omap / memcpy:.2f} | {omap / torch:.2f} |")
        rows.append(dict(work=work, size=size, omap=omap, copy_=torch, memcpy=memcpy))
    slower = [row for row in rows if row["omap"] < row["copy_"]]
    print(f"\n{len(rows)} works; LibTorch is faster in {len(slower)}")
    for row in slower:
        print(f"  {row['work']}, {row['size']}: {row['omap'] / row['copy_']:.2f}")
    if options.json:
        Path(options.json).write_text(json.dumps(rows, indent=1) + "\n")


main()
