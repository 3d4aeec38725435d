#!/usr/bin/env python3
"""Compares `olmoc run` with `cp` on made checkpoints, and with OLMo-core's own conversion of the same checkpoint.

The checkpoints lie in a memory file system by default, so that the figures are about moving bytes and not about a disk;
elsewhere each `cp` is followed by `sync -f`, as olmoc's result is on the disk when it ends. What is compared takes
turns, after one turn that does not count; destinations are removed before each, and in memory as much as the program
will take is touched and given back; sources are in the page cache. Peak memory is what wait4 reports: it cannot be less
than this script's own, about 12 MB. GB are 1e9 bytes; GB/s count bytes read and bytes written. Python's standard library
only, but for OLMo-core.
"""

import argparse
import ctypes
import json
import mmap
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import made_checkpoints as made

HERE = Path(__file__).resolve().parent
PEER = HERE / "peer" / "convert_checkpoint.py"  # Beside no module that could be taken for a library.
PEER_MEMORY = 3.3  # What OLMo-core takes beside its source, as multiples of it: its result, and the rest for itself.
GB = 1e9


@dataclass
class Work:
    """One conversion, with these settings and options. `make` writes its source; or, where `back` is set, what it should
    give: then olmoc makes the source of that, by a run the other way with the options `back`."""

    name: str
    what: str
    mapping: str
    source: str
    destination: str
    make: object
    settings: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    back: list[str] | None = None
    peer: bool = False


def works(size: float, python: str | None) -> list[Work]:
    layouts = f"{HERE / 'layouts.omap'}:"
    experts, q = f"experts={made.EXPERTS}", made.fused_width(size)
    sizes = [f"q={q}", f"kv={q // 4}"]
    out = [
        Work("renames", "498 tensors, renamed", layouts + "renamed", "trained", "published",
             lambda d: made.write(d, made.renamed(size))),
        Work("renames-files", "the same, to files of 1 GB", layouts + "renamed", "trained", "published",
             lambda d: made.write(d, made.renamed(size)), options=["--max-shard-size", "1GB"]),
        Work("renames-dcp", "498 tensors, renamed, from a distributed checkpoint", layouts + "renamed", "trained", "published",
             lambda d: made.write(d, made.renamed(size, prefix="new")), back=["--to-format", "dcp"]),
        Work("many", "50,000 tensors, renamed", layouts + "renamed", "trained", "published",
             lambda d: made.write(d, made.renamed_many(size))),
        Work("cast", "float32 to bfloat16", layouts + "cast", "trained", "published",
             lambda d: made.write(d, made.renamed(size, 4), "F32")),
        Work("experts-to", "experts taken apart, transposed", layouts + "experts", "trained", "published",
             lambda d: made.write(d, made.experts(size)), [experts]),
        Work("experts-from", "experts stacked, transposed", layouts + "experts", "published", "trained",
             lambda d: made.write(d, made.experts(size)), [experts], back=[]),
        Work("fuse", "queries, keys, values; gate, up: put together", layouts + "fused", "trained", "published",
             lambda d: made.write(d, made.fused(size)), sizes),
        Work("split", "the same, taken apart", layouts + "fused", "published", "trained",
             lambda d: made.write(d, made.fused(size)), sizes, back=[]),
    ]
    if python:
        for shape, mapping, what in (("dense", "std:olmo2", "an OLMo 2 from OLMo-core's directory"),
                                     ("moe", "std:flex_olmo", "a FlexOlmo from OLMo-core's directory")):
            make = [python, str(PEER), "make", shape, str(size)]
            out.append(Work("olmo-core-" + shape, what, mapping, "olmo_core", "hf",
                            lambda d, make=make: json.loads(output(make + [str(d)]))["bytes"], peer=True))
    return out


def output(command: list[str]) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1]


def timed(command: list[str]) -> dict[str, float]:
    """Wall and processor seconds, and peak resident bytes."""
    start = time.perf_counter()
    child = os.fork()
    if child == 0:
        try:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 1)
            os.execvp(command[0], command)
        finally:
            os._exit(127)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - start
    if status != 0:
        raise SystemExit(f"{' '.join(command)}: exit status {os.waitstatus_to_exitcode(status)}")
    return {"seconds": seconds, "cpu": usage.ru_utime + usage.ru_stime, "peak": usage.ru_maxrss * 1024}


def warm_memory(size: int) -> None:
    """Touches as much memory as a program will take, and gives it back: a virtual machine may have to ask its host for
    pages that were free for a while, which costs several times what is measured here."""
    child = os.fork()
    if child == 0:
        memory = mmap.mmap(-1, size + size // 8)
        memory.madvise(mmap.MADV_HUGEPAGE)
        ctypes.memset(ctypes.addressof(ctypes.c_char.from_buffer(memory)), 1, len(memory))
        os._exit(0)
    os.waitpid(child, 0)


def remove(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)


def run_command(olmoc: str, work: Work, source: str, at: Path, destination: str, to: Path) -> list[str]:
    settings = [word for setting in work.settings for word in ("--set", setting)]
    return [olmoc, "--quiet", "run", work.mapping, "--from", f"{source}={at}", "--to", f"{destination}={to}", *settings]


def measure(work: Work, olmoc: str, python: str | None, directory: Path, runs: int, sync: bool) -> dict:
    source, destination = directory / "source", directory / "destination"
    size = work.make(source)
    if work.back is not None:
        subprocess.run(run_command(olmoc, work, work.destination, source, work.source, destination) + work.back,
                       check=True)
        remove(source)
        destination.rename(source)
    copy = ["cp", "-r", str(source), str(destination)]
    if sync:
        copy = ["sh", "-c", f"cp -r '{source}' '{destination}' && sync -f '{destination}'"]
    commands = {"cp": copy, "olmoc": run_command(olmoc, work, work.source, source, work.destination, destination)
                + work.options}
    if work.peer:
        commands["OLMo-core"] = [python, str(PEER), "convert", str(source), str(destination)]
    samples = {program: [] for program in commands}
    for turn in range(runs + 1):
        for program, command in commands.items():
            if program == "OLMo-core" and turn > min(runs, 3):
                continue
            remove(destination)
            if not sync:
                warm_memory(int(size * (PEER_MEMORY if program == "OLMo-core" else 1)))
            result = timed(command)
            if turn > 0:
                samples[program].append(result)
    remove(destination)
    remove(source)
    figures = {"name": work.name, "what": work.what, "bytes": size}
    for program, results in samples.items():
        figures[program] = {key: statistics.median(r[key] for r in results) for key in ("seconds", "cpu")}
        figures[program]["peak"] = max(r["peak"] for r in results)
    return figures


def limits(directory: Path, size: int = 1 << 30) -> dict[str, float]:
    """GB/s of this machine, read and written: memory to memory by one thread and two, and to and from storage."""
    libc = ctypes.CDLL(None)  # Calls release the interpreter's lock.
    libc.memcpy.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
    first, second = ctypes.create_string_buffer(size), ctypes.create_string_buffer(size)
    libc.memcpy(second, first, size)

    def memcpy(threads: int) -> None:
        part = size // threads
        at = [(ctypes.addressof(second) + i * part, ctypes.addressof(first) + i * part) for i in range(threads)]
        running = [threading.Thread(target=libc.memcpy, args=(to, source, part)) for to, source in at]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()

    def write() -> None:
        with open(directory / "limit", "wb", buffering=0) as file:
            for begin in range(0, size, 1 << 22):
                file.write(memoryview(first)[begin:begin + (1 << 22)])
            os.fsync(file.fileno())

    def read() -> None:
        with open(directory / "limit", "rb", buffering=0) as file:
            for begin in range(0, size, 1 << 22):
                file.readinto(memoryview(second)[begin:begin + (1 << 22)])

    out = {}
    for name, work, moved in (("memcpy, 1 thread", lambda: memcpy(1), 2), ("memcpy, 2 threads", lambda: memcpy(2), 2),
                              ("write and fsync", write, 1), ("read, cached", read, 1)):
        seconds = []
        for _ in range(4):
            start = time.perf_counter()
            work()
            seconds.append(time.perf_counter() - start)
        out[name] = moved * size / statistics.median(seconds[1:]) / GB
    os.unlink(directory / "limit")
    return out


def print_table(results: list[dict]) -> None:
    print("| work | GB | cp, s | olmoc, s | beside cp | GB/s | peak memory, MB | beside OLMo-core |")
    print("|---|---|---|---|---|---|---|---|")
    for r in results:
        ours, cp, peer = r["olmoc"], r["cp"], r.get("OLMo-core")
        beside = f"{peer['seconds'] / ours['seconds']:.0f} times as fast ({peer['seconds']:.1f} s)" if peer else ""
        print(f"| {r['what']} | {r['bytes'] / GB:.2f} | {cp['seconds']:.2f} | {ours['seconds']:.2f} "
              f"| {ours['seconds'] / cp['seconds']:.2f} | {2 * r['bytes'] / ours['seconds'] / GB:.1f} "
              f"| {ours['peak'] / 1e6:.0f} | {beside} |")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("olmoc", type=Path)
    parser.add_argument("work", nargs="*", help="names of what to measure: all without")
    parser.add_argument("--size", type=float, default=4.0, help="of each checkpoint, in GB (4)")
    parser.add_argument("--dir", type=Path, help="where to work; needs three times the size (/dev/shm)")
    parser.add_argument("--runs", type=int, default=5, help="measured runs of each program (5)")
    parser.add_argument("--python", help="an interpreter that has OLMo-core 3.0")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    arguments = parser.parse_intermixed_args()

    all_works = works(arguments.size * GB, arguments.python)
    unknown = set(arguments.work) - {work.name for work in all_works}
    if unknown:
        parser.error(f"no such work: {', '.join(sorted(unknown))}; there is {', '.join(w.name for w in all_works)}")
    parent = arguments.dir or Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="omap-bench-", dir=parent) as directory:
        in_memory = output(["stat", "-f", "-c", "%T", directory]) == "tmpfs"
        figures = {"limits": limits(Path(directory)), "runs": arguments.runs, "in_memory": in_memory, "works": []}
        print(", ".join(f"{name}: {speed:.1f} GB/s" for name, speed in figures["limits"].items()), flush=True)
        for work in all_works:
            if arguments.work and work.name not in arguments.work:
                continue
            figures["works"].append(measure(work, str(arguments.olmoc.resolve()), arguments.python, Path(directory),
                                            arguments.runs, not in_memory))
            print(work.name, "measured", file=sys.stderr, flush=True)
    print_table(figures["works"])
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
