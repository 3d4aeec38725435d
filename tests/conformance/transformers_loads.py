"""Loads every Hugging Face directory that olmoc writes with Transformers: no key may be missing, unexpected or of
another shape, and each parameter has to equal, bit for bit, that of the directory which OLMo-core or Transformers wrote.

Usage: transformers_loads.py OLMOC FIXTURES
"""

import os
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import torch  # noqa: E402
from transformers import AutoModelForCausalLM  # noqa: E402
from transformers.utils import logging  # noqa: E402

from written import written_by  # noqa: E402


def load(directory: Path) -> tuple[dict[str, torch.Tensor], list[str]]:
    """The model's parameters, and what Transformers says was wrong with the files."""
    model, report = AutoModelForCausalLM.from_pretrained(directory, dtype="auto", output_loading_info=True)
    problems = [f"{kind}: {key}" for kind in ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs")
                for key in report.get(kind, ())]
    return model.state_dict(), problems


def same_bits(a: torch.Tensor, b: torch.Tensor) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and torch.equal(a.view(torch.uint8), b.view(torch.uint8))


def main() -> int:
    olmoc, fixtures = (Path(argument).resolve() for argument in sys.argv[1:])
    logging.disable_progress_bar()
    failed = False
    with written_by(olmoc, fixtures) as checkpoints:
        for written in checkpoints:
            if written.side != "hf":
                continue
            got, problems = load(written.directory)
            wanted, _ = load(written.fixture / "hf")
            if got.keys() != wanted.keys():
                problems.append(f"other parameters: {sorted(got.keys() ^ wanted.keys())}")
            problems += [f"differs: {name}" for name in sorted(got.keys() & wanted.keys())
                         if not same_bits(got[name], wanted[name])]
            failed |= bool(problems)
            print(f"{written.name}: {len(got)} parameters,", "; ".join(problems) or "all equal")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
