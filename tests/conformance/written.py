"""Checkpoints that olmoc writes from the fixtures, each in a directory of its own.

Every family is converted from its OLMo-core state to Hugging Face names, into one file and into five shards, and back
to OLMo-core names. Where the Hugging Face directory has a shorter vocabulary than the OLMo-core model, the way back
starts from the peer's state before it was cut.
"""

import contextlib
import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

FAMILIES = {
    "olmo2": "std:olmo2",
    "olmo2_headdim": "std:olmo2",
    "olmo2_tied": "std:olmo2",
    "llama": "std:llama",
}
SHARDS = 5


@dataclass(frozen=True)
class Written:
    name: str
    directory: Path
    fixture: Path
    side: str

    @property
    def files(self) -> list[Path]:
        return sorted(self.directory.glob("*.safetensors"))


def run(olmoc: Path, mapping: str, source: tuple[str, Path], destination: tuple[str, Path], *options: str) -> None:
    command = [str(olmoc), "run", mapping, "--from", f"{source[0]}={source[1]}",
               "--to", f"{destination[0]}={destination[1]}", *options]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}\nexited with {done.returncode}\n{done.stdout}{done.stderr}")


def _run_to_shards(olmoc: Path, mapping: str, source: tuple[str, Path], destination: tuple[str, Path]) -> None:
    """Raises the size limit from a fifth of the whole until as many shards as wanted come out."""
    total = sum(file.stat().st_size for file in source[1].glob("*.safetensors"))
    for limit in range(total // SHARDS, total, max(1, total // 100)):
        run(olmoc, mapping, source, destination, "--max-shard-size", str(limit))
        shards = len(list(destination[1].glob("*.safetensors")))
        if shards == SHARDS:
            return
        shutil.rmtree(destination[1])
        if shards < SHARDS:
            break
    raise SystemExit(f"{mapping}: no size limit gives {SHARDS} shards")


def _way_back(written: Written, work: Path) -> Path:
    about = json.loads((written.fixture / "about.json").read_text())
    if not about.get("hf_rows_truncated"):
        return written.directory
    directory = work / f"{written.fixture.name}-uncut"
    directory.mkdir()
    shutil.copy(written.fixture / "hf" / "config.json", directory / "config.json")
    shutil.copy(written.fixture / "expected" / "hf.safetensors", directory / "model.safetensors")
    return directory


@contextlib.contextmanager
def written_by(olmoc: Path, fixtures: Path):
    """The checkpoints, as a list of Written; gone when the context ends."""
    with tempfile.TemporaryDirectory() as work_name:
        work = Path(work_name)
        checkpoints = []
        for family, mapping in FAMILIES.items():
            fixture = fixtures / family
            native = work / f"{family}-native"
            native.mkdir()
            shutil.copy(fixture / "olmo_core" / "config.json", native / "config.json")
            shutil.copy(fixture / "expected" / "olmo_core.safetensors", native / "model.safetensors")

            one = Written(f"{family}, one file", work / f"{family}-hf", fixture, "hf")
            run(olmoc, mapping, ("olmo_core", native), ("hf", one.directory))
            shards = Written(f"{family}, {SHARDS} shards", work / f"{family}-hf-shards", fixture, "hf")
            _run_to_shards(olmoc, mapping, ("olmo_core", native), ("hf", shards.directory))
            back = Written(f"{family}, back to OLMo-core", work / f"{family}-olmo_core", fixture, "olmo_core")
            checkpoints += [one, shards]
            run(olmoc, mapping, ("hf", _way_back(one, work)), ("olmo_core", back.directory),
                "--to-format", "safetensors")
            checkpoints.append(back)
        yield checkpoints
