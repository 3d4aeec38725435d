"""Reads every file that olmoc writes with the safetensors library, and compares each tensor with the peer's own.

Usage: safetensors_reads.py OLMOC FIXTURES
"""

import sys
from pathlib import Path

import safetensors

from written import Written, written_by


def tensors_of(files: list[Path]) -> dict[str, tuple[str, tuple[int, ...], bytes]]:
    tensors = {}
    for file in files:
        for name, entry in safetensors.deserialize(file.read_bytes()):
            if name in tensors:
                raise SystemExit(f"{file}: {name} stands in two files")
            tensors[name] = (entry["dtype"], tuple(entry["shape"]), bytes(entry["data"]))
    return tensors


def reference_of(written: Written) -> list[Path]:
    if written.side == "hf":
        return [written.fixture / "hf" / "model.safetensors"]
    return [written.fixture / "expected" / "olmo_core.safetensors"]


def differences(got: dict, wanted: dict) -> list[str]:
    missing = [f"missing: {name}" for name in sorted(wanted.keys() - got.keys())]
    unexpected = [f"unexpected: {name}" for name in sorted(got.keys() - wanted.keys())]
    changed = [f"differs: {name}" for name in sorted(got.keys() & wanted.keys()) if got[name] != wanted[name]]
    return missing + unexpected + changed


def main() -> int:
    olmoc, fixtures = (Path(argument).resolve() for argument in sys.argv[1:])
    failed = False
    with written_by(olmoc, fixtures) as checkpoints:
        for written in checkpoints:
            got = tensors_of(written.files)
            wrong = differences(got, tensors_of(reference_of(written)))
            failed |= bool(wrong)
            print(f"{written.name}: {len(written.files)} files, {len(got)} tensors,", "; ".join(wrong) or "all equal")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
