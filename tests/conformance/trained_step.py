"""A step that two ranks trained and saved with their optimizer, by FSDP2: to Hugging Face, where Transformers has the
logits of OLMo-core; and what it became back to OLMo-core, which loads it.

Usage: trained_step.py OLMOC FIXTURES
"""

import json
import os
import sys
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import olmo_core.distributed.checkpoint as checkpoint  # noqa: E402
import torch  # noqa: E402
from olmo_core.nn.transformer import TransformerConfig  # noqa: E402
from transformers import AutoModelForCausalLM  # noqa: E402
from transformers.utils import logging  # noqa: E402

from written import run  # noqa: E402

# Float32 on both sides: what is left is the order in which sums are made.
TOLERANCE = 1e-5


def olmo_model(step: Path) -> torch.nn.Module:
    model = TransformerConfig.from_dict(json.loads((step / "config.json").read_text())["model"]).build(init_device="cpu")
    for parameter in model.parameters():
        torch.nn.init.constant_(parameter, 7)
    checkpoint.load_model_and_optim_state(str(step / "model_and_optim"), model)
    return model.float().eval()


def main() -> int:
    olmoc, fixtures = (Path(argument).resolve() for argument in sys.argv[1:])
    logging.disable_progress_bar()
    step = fixtures / "formats" / "olmo2_fsdp2" / "checkpoint"
    with tempfile.TemporaryDirectory() as name, torch.no_grad():
        released, again = Path(name) / "released", Path(name) / "again"
        run(olmoc, "std:olmo2", ("olmo_core", step), ("hf", released))
        model, report = AutoModelForCausalLM.from_pretrained(released, dtype="auto", output_loading_info=True,
                                                             attn_implementation="eager")
        keys = [key for kind in ("missing_keys", "unexpected_keys", "mismatched_keys") for key in report.get(kind, ())]
        trained = olmo_model(step)
        tokens = torch.randint(0, model.config.vocab_size, (2, 21), generator=torch.Generator().manual_seed(1))
        wanted = trained(input_ids=tokens)[..., : model.config.vocab_size]
        apart = (model.float().eval()(tokens).logits - wanted).abs().max().item()
        print(f"OLMo-core's step in Transformers: {len(keys)} keys missing or unexpected, logits within {apart:.0e}, "
              f"the largest {wanted.abs().max().item():.1f}")

        run(olmoc, "std:olmo2", ("hf", released), ("olmo_core", again))
        got, state = olmo_model(again).state_dict(), trained.state_dict()
        differing = [key for key in state if key not in got or not torch.equal(got[key], state[key])]
        print(f"and back in OLMo-core: {len(state)} tensors,", f"differ: {differing}" if differing else "all equal")
        return 1 if keys or differing or apart > TOLERANCE else 0


if __name__ == "__main__":
    sys.exit(main())
