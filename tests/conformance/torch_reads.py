"""Reads what olmoc writes for PyTorch with PyTorch and OLMo-core, and compares each tensor bit for bit.

Distributed checkpoints: by torch.distributed.checkpoint's own reader, by OLMo-core's, into a model of OLMo-core's, and
unsharded by both. Files of `torch.save`: with `weights_only`, also mapped into memory, and as zip archives.

Usage: torch_reads.py OLMOC FIXTURES
"""

import json
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

import safetensors.torch
import torch
import torch.distributed.checkpoint as dcp

from written import FAMILIES, run

# PyTorch before 2.3 has no tools for other formats, and OLMo-core wants a new one.
try:
    from torch.distributed.checkpoint.format_utils import dcp_to_torch_save
except ImportError:
    dcp_to_torch_save = None
try:
    import olmo_core.distributed.checkpoint as olmo_checkpoint
except ImportError:
    olmo_checkpoint = None

Tensors = dict[str, torch.Tensor]


def same_bits(a: torch.Tensor, b: torch.Tensor) -> bool:
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    return a.contiguous().reshape(-1).view(torch.uint8).equal(b.contiguous().reshape(-1).view(torch.uint8))


def differences(got: Tensors, wanted: Tensors) -> list[str]:
    missing = [f"missing: {name}" for name in sorted(wanted.keys() - got.keys())]
    unexpected = [f"unexpected: {name}" for name in sorted(got.keys() - wanted.keys())]
    changed = [f"differs: {name}" for name in sorted(got.keys() & wanted.keys())
               if not same_bits(got[name], wanted[name])]
    return missing + unexpected + changed


class Report:
    failed = False

    def add(self, what: str, got: Tensors, wanted: Tensors) -> None:
        wrong = differences(got, wanted)
        self.failed |= bool(wrong) or not wanted
        print(f"{what}: {len(got)} tensors,", "; ".join(wrong) or "all equal", flush=True)


def flattened(state: dict, prefix: str = "") -> Tensors:
    flat = {}
    for name, value in state.items():
        flat |= flattened(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return flat


def stock_load(directory: Path) -> Tensors:
    """Every tensor that the metadata names, into memory made beforehand."""
    reader = dcp.FileSystemReader(str(directory))
    entries = reader.read_metadata().state_dict_metadata
    state = {key: torch.empty(entry.size, dtype=entry.properties.dtype) for key, entry in entries.items()}
    if hasattr(dcp, "load"):
        dcp.load(state, storage_reader=reader)
    else:
        dcp.load_state_dict(state, reader, no_dist=True)
    return state


def olmo_load(directory: Path, wanted: Tensors) -> Tensors:
    state = {key: torch.empty_like(tensor) for key, tensor in wanted.items()}
    olmo_checkpoint.load_state_dict(str(directory), state)
    return state


def olmo_unshard(directory: Path, work: Path) -> Tensors:
    path, _ = olmo_checkpoint.unshard_checkpoint(str(directory), str(work / "unsharded"), optim=False, quiet=True)
    return torch.load(path, weights_only=True)


def olmo_model(directory: Path, config: Path) -> Tensors:
    from olmo_core.nn.transformer import TransformerConfig

    model = TransformerConfig.from_dict(json.loads(config.read_text())["model"]).build(init_device="cpu")
    for parameter in model.parameters():
        torch.nn.init.constant_(parameter, 7)
    olmo_checkpoint.load_model_and_optim_state(str(directory), model)
    return dict(model.state_dict())


def check_distributed(report: Report, name: str, directory: Path, wanted: Tensors, root: str, work: Path) -> None:
    work = work / name.replace(" ", "-").replace(",", "")
    work.mkdir()
    rooted = {root + key: tensor for key, tensor in wanted.items()}
    report.add(f"{name}, torch.distributed.checkpoint", stock_load(directory), rooted)
    if dcp_to_torch_save is not None:
        dcp_to_torch_save(str(directory), str(work / "stock.pt"))
        state = torch.load(work / "stock.pt", weights_only=True)
        if list(state) != [root.rstrip(".")]:
            raise SystemExit(f"{name}: dcp_to_torch_save gives {list(state)}")
        report.add(f"{name}, dcp_to_torch_save", flattened(state), rooted)
    if olmo_checkpoint is not None:
        report.add(f"{name}, olmo_core's reader", olmo_load(directory, rooted), rooted)


def check_torch_file(report: Report, name: str, file: Path, wanted: Tensors) -> None:
    report.add(f"{name}, weights_only", torch.load(file, weights_only=True), wanted)
    report.add(f"{name}, mmap", torch.load(file, weights_only=True, mmap=True), wanted)
    damaged = zipfile.ZipFile(file).testzip()
    if damaged is not None:
        raise SystemExit(f"{file}: {damaged} has another checksum")


def check_families(report: Report, olmoc: Path, fixtures: Path, work: Path) -> None:
    for family, mapping in FAMILIES.items():
        fixture = fixtures / family
        source = work / f"{family}-source"
        source.mkdir()
        shutil.copy(fixture / "hf" / "config.json", source / "config.json")
        shutil.copy(fixture / "expected" / "hf.safetensors", source / "model.safetensors")
        wanted = safetensors.torch.load_file(fixture / "expected" / "olmo_core.safetensors")
        made = work / f"{family}-made"
        run(olmoc, mapping, ("hf", source), ("olmo_core", made), "--max-shard-size", "60KB")
        directory = made / "model_and_optim" if (made / "model_and_optim").exists() else made
        check_distributed(report, family, directory, wanted, "model.", work)
        if olmo_checkpoint is not None:
            report.add(f"{family}, unshard_checkpoint", olmo_unshard(directory, work / family), wanted)
            loaded = olmo_model(directory, fixture / "olmo_core" / "config.json")
            # A model has the dtype of its config's default; converting to it is what loading does.
            as_loaded = {key: tensor.to(loaded[key].dtype) for key, tensor in wanted.items() if key in loaded}
            report.add(f"{family}, a model of olmo_core", loaded, as_loaded)
        check_back(report, olmoc, (family, mapping), made, work)


def as_transformers_has_it(source: Path) -> Tensors:
    """As many rows of tokens as the config says, and no head beside embeddings that are tied to it."""
    config = json.loads((source / "config.json").read_text())
    tensors = safetensors.torch.load_file(source / "model.safetensors")
    for key in ("model.embed_tokens.weight", "lm_head.weight"):
        tensors[key] = tensors[key][: config["vocab_size"]]
    if config["tie_word_embeddings"]:
        del tensors["lm_head.weight"]
    return tensors


def check_back(report: Report, olmoc: Path, family: tuple[str, str], made: Path, work: Path) -> None:
    name, mapping = family
    hf = as_transformers_has_it(work / f"{name}-source")
    file = work / f"{name}.pt"
    run(olmoc, mapping, ("olmo_core", made), ("hf", file))
    check_torch_file(report, f"{name}, back as a file", file, hf)


def check_dtypes(report: Report, olmoc: Path, fixtures: Path, work: Path) -> None:
    """Everything that a file of all dtypes has and a format holds, by a mapping that changes nothing."""
    for fixture in ("safetensors/every_dtype.safetensors", "dcp_stock/expected.safetensors"):
        source = fixtures / "formats" / fixture
        tensors = safetensors.torch.load_file(source)
        for name, is_held in (("dcp", lambda tensor: "float4" not in str(tensor.dtype)), ("torch", lambda tensor: True)):
            wanted = {key: tensor for key, tensor in tensors.items() if is_held(tensor)}
            stem = f"{Path(fixture).parts[0]} {name}"
            mapping = work / f"{stem.replace(' ', '-')}.omap"
            rules = [f"    {key} <-> {key}" for key in wanted] + [f"    ignore a:{key}" for key in tensors
                                                                  if key not in wanted]
            config = '    config {\n        b.model.kind = "made"\n    }'
            mapping.write_text("\n".join(["omap 1", "side a: safetensors", 'side b: dcp root "model."',
                                          "mapping same: a <-> b {", *rules, config, "}", ""]))
            destination = work / (mapping.stem + (".pt" if name == "torch" else "-step"))
            run(olmoc, str(mapping), ("a", source), ("b", destination))
            if name == "torch":
                check_torch_file(report, stem, destination, wanted)
                continue
            check_distributed(report, stem, destination / "model_and_optim", wanted, "model.", work)
            check_step(destination)


def check_step(directory: Path) -> None:
    if json.loads((directory / "config.json").read_text()) != {"model": {"kind": "made"}}:
        raise SystemExit(f"{directory}: another config")
    if olmo_checkpoint is not None:
        from olmo_core.train.checkpoint import CheckpointMetadata

        if CheckpointMetadata.from_file(directory / ".metadata.json").ephemeral is not False:
            raise SystemExit(f"{directory}: OLMo-core takes it for an ephemeral checkpoint")


def main() -> int:
    olmoc, fixtures = (Path(argument).resolve() for argument in sys.argv[1:])
    print(f"torch {torch.__version__}, olmo_core", "not there" if olmo_checkpoint is None else "there")
    report = Report()
    with tempfile.TemporaryDirectory() as work:
        check_families(report, olmoc, fixtures, Path(work))
        check_dtypes(report, olmoc, fixtures, Path(work))
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
