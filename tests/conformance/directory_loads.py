"""Writes a Hugging Face directory from a step of OLMo-core's with a tokenizer beside it, and loads model, tokenizer and
generation config with Transformers: nothing may be missing, and what the configs and `--dtype` say has to be there.

Usage: directory_loads.py OLMOC FIXTURES
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import torch  # noqa: E402
from tokenizers import Tokenizer, models, pre_tokenizers, trainers  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig, PreTrainedTokenizerFast  # noqa: E402
from transformers.utils import logging  # noqa: E402

MAPPING = Path(__file__).with_name("directory.omap")
TEXT = "the step and the release hold one model"
MAX_LENGTH = 4096


def make_tokenizer(directory: Path) -> PreTrainedTokenizerFast:
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.train_from_iterator([TEXT] * 4, trainers.BpeTrainer(vocab_size=60, special_tokens=["<|endoftext|>"]))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="<|endoftext|>",
                                        model_max_length=MAX_LENGTH)
    tokenizer.chat_template = "{% for m in messages %}{{ m.content }}{% endfor %}"
    tokenizer.save_pretrained(directory)
    return tokenizer


def run(olmoc: Path, step: Path, directory: Path, *options: str) -> str:
    command = [str(olmoc), "run", str(MAPPING), "--from", f"olmo_core={step}", "--to", f"hf={directory}", *options]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}\nexited with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stderr


def problems_of(directory: Path, dtype: torch.dtype, wanted: dict[str, torch.Tensor], made: PreTrainedTokenizerFast):
    """What is wrong with a directory: nothing, of a good one."""
    model, report = AutoModelForCausalLM.from_pretrained(directory, dtype="auto", output_loading_info=True)
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs"):
        yield from (f"{kind}: {key}" for key in report.get(kind, ()))
    state = model.state_dict()
    if state.keys() != wanted.keys():
        yield f"other parameters: {sorted(state.keys() ^ wanted.keys())}"
    yield from (f"differs: {name}" for name in state.keys() & wanted.keys()
                if state[name].dtype != dtype or not torch.equal(state[name], wanted[name].to(dtype)))
    if model.config.max_position_embeddings != MAX_LENGTH:
        yield f"max_position_embeddings is {model.config.max_position_embeddings}"
    if GenerationConfig.from_pretrained(directory).do_sample is not True:
        yield "the generation config does not sample"
    tokenizer = AutoTokenizer.from_pretrained(directory)
    if tokenizer(TEXT)["input_ids"] != made(TEXT)["input_ids"] or tokenizer.chat_template != made.chat_template:
        yield "another tokenizer"
    ids = torch.tensor([tokenizer(TEXT)["input_ids"]]) % model.config.vocab_size
    if not torch.isfinite(model(ids).logits).all():
        yield "logits that are no numbers"


def main() -> int:
    olmoc, fixtures = (Path(argument).resolve() for argument in sys.argv[1:])
    logging.disable_progress_bar()
    failed = False
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        step = work / "run" / "step1000"
        shutil.copytree(fixtures / "olmo2" / "olmo_core", step)
        if "OM5051" not in run(olmoc, step, work / "without"):
            raise SystemExit("a length that no tokenizer tells is not missed")
        made = make_tokenizer(step.parent / "tokenizer")
        wanted = AutoModelForCausalLM.from_pretrained(fixtures / "olmo2" / "hf", dtype="auto").state_dict()
        for dtype in (torch.bfloat16, torch.float32, torch.float16):
            directory = work / str(dtype)
            said = run(olmoc, step, directory, "--dtype", str(dtype))
            problems = list(problems_of(directory, dtype, wanted, made))
            if "OM5051" in said:
                problems.append(said)
            failed |= bool(problems)
            print(f"{dtype}: {', '.join(sorted(p.name for p in directory.iterdir()))}:", "; ".join(problems) or "loads")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
