"""Cuts what the fuzzers of pickles, distributed checkpoints and indexes begin with out of tests/fixtures.

    python tests/fuzz/make_seeds.py
"""

import json
import pickletools
import shutil
import struct
import zipfile
from pathlib import Path

here = Path(__file__).parent
formats = here.parent / "fixtures" / "formats"


def fresh(name):
    folder = here / name / "seeds"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def pickles_of(path):
    """The object of a file of `torch.save`: a zip archive, or the fourth of five pickles."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return archive.read(next(name for name in archive.namelist() if name.endswith("/data.pkl")))
    with path.open("rb") as file:
        for _ in range(4):
            begin = file.tell()
            for _ in pickletools.genops(file):
                pass
            end = file.tell()
    return path.read_bytes()[begin:end]


def files_of(checkpoint):
    """The metadata and the files that it names, in the order of their names; a file without bytes is not named."""
    yield (checkpoint / ".metadata").read_bytes()
    for path in sorted(checkpoint.glob("*.distcp")):
        if path.stat().st_size > 0:
            yield path.read_bytes()


pickles = fresh("pickle")
for path in sorted((formats / "torch_save").glob("**/*.pt")):
    name = "-".join(path.relative_to(formats / "torch_save").parts)
    (pickles / (name + ".pkl")).write_bytes(pickles_of(path))
checkpoint = formats / "olmo_empty_files" / "checkpoint"
(pickles / "metadata.pkl").write_bytes((checkpoint / ".metadata").read_bytes())

with (fresh("distributed") / "olmo_empty_files").open("wb") as file:
    for part in files_of(checkpoint):
        file.write(struct.pack("<I", len(part)) + part)

indexes = fresh("index")
for path in sorted((formats / "safetensors").glob("**/*.index.json")):
    (indexes / (path.parent.name + ".json")).write_bytes(path.read_bytes())
# What the files of that fuzzer hold.
whole = {"metadata": {"total_size": 28}, "weight_map": {"a": "1.safetensors", "b": "1.safetensors"}}
(indexes / "whole.json").write_text(json.dumps(whole))
