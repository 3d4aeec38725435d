"""Where layouts are converted and compared: checkpoints in numbered directories, and what was found."""

import itertools
import json
import os
import subprocess
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import torch  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402
from torch import Tensor  # noqa: E402
from torch.distributed.checkpoint.format_utils import dcp_to_torch_save  # noqa: E402
from transformers import AutoConfig, AutoModelForCausalLM  # noqa: E402

torch.set_num_threads(1)  # the models are small
State = dict[str, Tensor]
D, HEADS, KV, FF, VOCAB, LAYERS, EXPERTS, TOP_K = 48, 6, 2, 36, 61, 3, 5, 2
HEAD = D // HEADS
TOKENS = torch.tensor([3, 14, 15, 9, 26, 5, 35, 8, 60, 0, 1])


def noise(*shape: int) -> Tensor:
    return torch.randn(shape) * 0.3


def norm_weight(size: int = D) -> Tensor:
    return 1 + noise(size)


class Workplace:
    def __init__(self, olmoc: Path, folder: Path):
        self.olmoc, self.folder, self.names, self.problems = olmoc, folder, itertools.count(), 0

    def checkpoint(self, state: State, files: dict[str, dict] = {}, *, as_torch: str = "") -> Path:
        directory = self.folder / str(next(self.names))
        directory.mkdir()
        if as_torch:
            torch.save(state, directory / as_torch)
        else:
            save_file({key: tensor.contiguous().clone() for key, tensor in state.items()},
                      directory / "model.safetensors")
        for name, value in files.items():
            (directory / name).write_text(json.dumps(value))
        return directory

    def convert(self, source_side: str, source: Path, side: str, *options: str) -> Path:
        made = self.folder / str(next(self.names))
        command = [str(self.olmoc), "--quiet", "run", "--from", f"{source_side}={source}", "--to", f"{side}={made}",
                   *options]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(command)}\nexited with {done.returncode}\n{done.stdout}{done.stderr}")
        return made

    def say(self, name: str, *problems: str) -> None:
        found = [problem for problem in problems if problem]
        self.problems += len(found)
        print(f"{name}: {'; '.join(found) or 'the same'}", flush=True)


def bits_differ(got: State, wanted: State) -> str:
    keys = sorted(got.keys() ^ wanted.keys())
    same = [got[key].dtype == wanted[key].dtype and torch.equal(got[key], wanted[key]) for key in got.keys() & wanted]
    return f"other keys: {keys}" if keys else "" if all(same) else f"{same.count(False)} tensors differ"


def logits_differ(got: Tensor, wanted: Tensor) -> str:
    difference = ((got - wanted).abs().max() / wanted.abs().max()).item()
    return f"logits differ by {difference:.1e} of the largest" if not difference < 2e-5 else ""


def load(directory: Path):
    model, report = AutoModelForCausalLM.from_pretrained(directory, output_loading_info=True)
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        assert not report.get(kind), (kind, report[kind])
    return model.eval()


def hf_logits(directory: Path) -> Tensor:
    with torch.no_grad():
        return load(directory)(TOKENS[None]).logits[0]


def heads(x: Tensor, count: int) -> Tensor:
    return x.unflatten(-1, (count, x.shape[-1] // count))


def tensors(directory: Path) -> State:
    """What a directory holds, in whatever format its side is written."""
    if (directory / "model.safetensors").exists():
        return load_file(directory / "model.safetensors")
    if (directory / "pytorch_model.bin").exists():
        return dict(torch.load(directory / "pytorch_model.bin", weights_only=True))
    step = directory / "model_and_optim"
    dcp_to_torch_save(step if step.exists() else directory, directory / "all.pt")
    return flat(torch.load(directory / "all.pt", weights_only=True).get("model"))


def flat(state: dict, prefix: str = "") -> State:
    found = {}
    for key, value in state.items():
        found |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return found


def random_model(work: Workplace, config: dict):
    """A Transformers model, and the directory that it was saved in."""
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(**config))
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            near_one = "norm" in key or ".ln_" in key
            parameter.copy_(noise(*parameter.shape) + (1 if near_one and key.endswith("weight") else 0))
        for key, buffer in model.named_buffers():
            if key.endswith("e_score_correction_bias"):
                buffer.copy_(noise(*buffer.shape))
    directory = work.folder / str(next(work.names))
    model.save_pretrained(directory)
    return model.eval(), directory
