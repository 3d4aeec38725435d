#!/usr/bin/env python3
"""Peak memory of `olmoc run` against the size of the checkpoint: renames, casts, and experts that are transposed.

Sources are sparse files; results are written whole, so the directory needs room for the largest. Peak memory is what
wait4 reports, and beside it what `--dry-run` says before. Python's standard library only.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import files
import made_checkpoints as made

WORK = {
    "renamed": (made.renamed, []),
    "cast": (lambda size: made.renamed(size, 4), []),
    "experts": (made.experts, ["--set", f"experts={made.EXPERTS}"]),
}


def measure(olmoc: str, name: str, size: float, directory: Path) -> dict:
    shapes, settings = WORK[name]
    source, destination = directory / "source", directory / "destination"
    size_made = made.write(source, shapes(size), "F32" if name == "cast" else "BF16", sparse=True)
    command = [olmoc, "--format", "json", "run", f"{files.HERE / 'layouts.omap'}:{name}", "--from",
               f"trained={source}", "--to", f"published={destination}", *settings]
    said = subprocess.run([*command, "--dry-run"], check=True, stdout=subprocess.PIPE, text=True)
    peak = files.timed(command)["peak"]
    files.remove(destination)
    files.remove(source)
    return {"name": name, "bytes": size_made, "peak": peak, "estimate": json.loads(said.stdout)["peak_memory"]}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("olmoc", type=Path)
    parser.add_argument("--sizes", type=float, nargs="+", default=[2, 8, 32], help="in GB (2 8 32)")
    parser.add_argument("--dir", type=Path, required=True, help="where to work; needs room for the largest")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    arguments = parser.parse_args()

    figures = []
    print("| work | GB | peak memory, MB | as `--dry-run` said, MB |\n|---|---|---|---|")
    for name in WORK:
        for size in arguments.sizes:
            with tempfile.TemporaryDirectory(prefix="omap-bench-", dir=arguments.dir) as directory:
                found = measure(str(arguments.olmoc.resolve()), name, size * files.GB, Path(directory))
            figures.append(found)
            print(f"| {name} | {found['bytes'] / files.GB:.1f} | {found['peak'] / 1e6:.1f} "
                  f"| {found['estimate'] / 1e6:.1f} |", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
