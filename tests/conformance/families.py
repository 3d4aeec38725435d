"""Holds the standard mappings against the libraries that own the models: OLMo-core and Hugging Face Transformers.

For each family and some random sizes: a model of OLMo-core and one of Transformers get random weights, and

- OLMo-core's own conversion gives the same tensors as olmoc, both ways, bit for bit where it is not known to be wrong;
- Transformers loads the directory that olmoc writes, without a key that is missing or unexpected, and gives the logits
  of the OLMo-core model where that one runs on a CPU;
- what olmoc brings back is what it was, and gives the same logits;
- OLMo-core builds the model from the config.json that olmoc writes, loads the weights, and gives the logits of the
  Transformers model.

The configs are those of the fixtures, with other sizes. Nothing is asked of OLMo-core models whose kernels want a GPU.

Usage: families.py OLMOC FIXTURES [--seeds N] [--only FAMILY]
"""

import argparse
import json
import math
import os
import random
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
warnings.filterwarnings("ignore")

import torch  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402
from transformers import AutoConfig, AutoModelForCausalLM  # noqa: E402
from transformers.utils import logging  # noqa: E402

# Where it finds no kernels, Transformers computes with PyTorch alone, on a CPU too; OLMo-core builds nothing without them.
sys.modules["fla"] = None
import transformers.models.olmo_hybrid.modeling_olmo_hybrid  # noqa: E402, F401
import transformers.models.qwen3_5.modeling_qwen3_5  # noqa: E402, F401
del sys.modules["fla"]

import olmo_core.nn.hf.convert as peer  # noqa: E402
from olmo_core.nn.moe.v2.hf import configuration_olmo3moe  # noqa: E402
from olmo_core.nn.transformer import TransformerConfig  # noqa: E402

# Fixture, mapping, settings of an import.
FAMILIES = {
    "olmo2": ("olmo2", []),
    "olmo2_headdim": ("olmo2", []),
    "olmo2_tied": ("olmo2", []),
    "olmo3": ("olmo3", []),
    "olmo3_yarn": ("olmo3", []),
    "olmo3_llama3rope": ("olmo3", []),
    "flex_olmo": ("flex_olmo", ["dropless=false"]),
    "flex_olmo_dropless": ("flex_olmo", ["dropless=true"]),
    "llama": ("llama", []),
    "qwen3": ("qwen3", []),
    "gemma3_text": ("gemma3_text", []),
    "qwen3_5_text": ("qwen3_5", []),
    "olmo_hybrid": ("olmo_hybrid", []),
    "olmo3moe": ("olmo3moe", []),
    "olmo3moe_kda": ("olmo3moe", []),
}
# Norms are stored as w - 1 there, and rounded on the way.
ROUNDED = {"gemma3_text", "qwen3_5_text"}


class Sizes:
    """Random, and small; no two of them alike where a model allows it."""

    def __init__(self, draw: random.Random):
        self.kv = draw.choice([1, 2, 3])
        self.heads = self.kv * draw.choice([1, 2, 4])
        self.head = draw.choice([8, 12, 16])
        # Transformers wants some models to be as wide as a multiple of their heads, and rows of experts of 16 bytes.
        self.width = 4 * self.heads * draw.choice([1, 2, 3])
        self.ff = 4 * draw.randrange(3, 12)
        self.vocab = draw.randrange(50, 80)
        self.experts = draw.randrange(4, 13)
        self.top_k = draw.randrange(1, 4)
        self.expert_ff = 4 * draw.randrange(2, 6)
        self.shared_ff = draw.randrange(20, 30)
        self.latent = 4 * draw.randrange(3, 6)
        self.linear = draw.choice([1, 2, 3])
        self.linear_head = draw.choice([4, 8])
        self.conv = draw.choice([2, 3, 4])


def resize_olmo_core(node, s: Sizes, latent: bool = False):
    """The sizes of an OLMo-core config, part by part."""
    if isinstance(node, list):
        for item in node:
            resize_olmo_core(item, s, latent)
    if not isinstance(node, dict):
        return
    kind = node.get("_CLASS_", "").rsplit(".", 1)[-1]
    latent = latent or "latent_moe" in node
    sizes = {
        "TransformerConfig": dict(d_model=s.width, vocab_size=s.vocab),
        "OLMoDDPModelConfig": dict(d_model=s.width, vocab_size=s.vocab),
        "AttentionConfig": dict(n_heads=s.heads, n_kv_heads=s.kv, head_dim=s.head),
        "GatedDeltaNetConfig": dict(n_heads=s.linear, n_v_heads=2 * s.linear, head_dim=s.linear_head, conv_size=s.conv),
        "KimiDeltaAttentionConfig": dict(n_heads=s.linear, head_dim=s.linear_head, conv_size=s.conv),
        "FeedForwardConfig": dict(hidden_size=s.ff),
        "MoEConfig": dict(num_experts=s.experts, hidden_size=s.ff),
        "MoERouterConfig": dict(top_k=s.top_k),
        "MoERouterConfigV2": dict(d_model=s.width, num_experts=s.experts, top_k=s.top_k),
        "RoutedExpertsConfig": dict(d_model=s.latent if latent else s.width, num_experts=s.experts,
                                    hidden_size=s.expert_ff),
        "SharedExpertsConfig": dict(d_model=s.width, hidden_size=s.shared_ff),
        "LatentMoEConfig": dict(latent_dim=s.latent),
    }
    node.update(sizes.get(kind, {}))
    if "embed_scale" in node:
        node["embed_scale"] = math.sqrt(s.width)
    for member in node.values():
        resize_olmo_core(member, s, latent)


def resize_hf(config: dict, s: Sizes) -> dict:
    sizes = dict(hidden_size=s.width, num_attention_heads=s.heads, num_key_value_heads=s.kv, head_dim=s.head,
                 intermediate_size=s.ff, vocab_size=s.vocab, num_experts=s.experts, num_experts_per_tok=s.top_k,
                 query_pre_attn_scalar=s.head, linear_num_key_heads=s.linear, linear_num_value_heads=2 * s.linear,
                 linear_key_head_dim=s.linear_head, linear_value_head_dim=s.linear_head * 3 // 2,
                 linear_conv_kernel_dim=s.conv)
    made = dict(config)
    made.update({name: value for name, value in sizes.items() if name in config or name == "head_dim"})
    made["dtype"] = "float32"
    return made


@torch.no_grad()
def randomize(model: torch.nn.Module, seed: int, norms: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        values = torch.randn(parameter.shape, generator=generator, dtype=torch.float32)
        if "norm" in name:
            values = norms + 0.25 * values
        elif "A_log" in name:
            values = 0.5 + 0.3 * values
        else:
            values = values * (0.2 if values.dim() > 1 else 0.3)
        parameter.copy_(values.to(parameter.dtype))


def state_of(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().clone().contiguous() for name, tensor in model.state_dict().items()}


def same_bits(a: torch.Tensor, b: torch.Tensor) -> bool:
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    return torch.equal(a.contiguous().view(torch.uint8), b.contiguous().view(torch.uint8))


def others(a: dict, b: dict) -> list[str]:
    return sorted(a.keys() ^ b.keys()) + sorted(key for key in a.keys() & b.keys() if not same_bits(a[key], b[key]))


def tensors_in(directory: Path) -> dict[str, torch.Tensor]:
    state = {}
    for file in sorted(directory.glob("*.safetensors")):
        state.update(load_file(file))
    return state


def as_float32(config: dict) -> dict:
    """A config whose models compute in float32, so that logits can be compared."""
    return json.loads(json.dumps(config).replace('"bfloat16"', '"float32"'))


class Failure(Exception):
    pass


class Check:
    def __init__(self, olmoc: Path, family: str, fixture: Path, seed: int, work: Path):
        self.olmoc, self.family, self.work, self.seed = olmoc, family, work, seed
        self.mapping, self.import_settings = FAMILIES[family]
        self.sizes = Sizes(random.Random(f"{family} {seed}"))
        self.olmo_config = as_float32(json.loads((fixture / "olmo_core" / "config.json").read_text()))
        self.hf_config = as_float32(json.loads((fixture / "hf" / "config.json").read_text()))
        resize_olmo_core(self.olmo_config, self.sizes)
        self.olmo_config["dataset"]["tokenizer"]["vocab_size"] = self.sizes.vocab
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def expect(self, holds: bool, text: str) -> None:
        if not holds:
            raise Failure(text)

    def run(self, source: str, destination: str, settings=()) -> None:
        command = [str(self.olmoc), "run", f"std:{self.mapping}", "--from", source, "--to", destination, "--force",
                   "--to-format", "safetensors"]
        for setting in settings:
            command += ["--set", setting]
        done = subprocess.run(command, capture_output=True, text=True)
        self.expect(done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}")
        self.notes = done.stderr

    # ---- models

    def olmo_model(self, config: dict):
        attention = '"olmo_core.nn.attention.AttentionConfig"'
        text = json.dumps(config["model"]).replace(attention, f'{attention}, "backend": "torch"')
        return TransformerConfig.from_dict(json.loads(text)).build(init_device="cpu").eval()

    def olmo_logits(self, model):
        try:
            with torch.no_grad():
                return model(input_ids=self.tokens())
        except Exception as problem:  # noqa: BLE001 - kernels without a CPU version fail in many ways
            return f"{type(problem).__name__}: {str(problem).splitlines()[0] if str(problem) else ''}"[:90]

    def tokens(self):
        return torch.randint(0, self.sizes.vocab, (2, 21), generator=torch.Generator().manual_seed(self.seed))

    def load_hf(self, directory: Path):
        if self.mapping == "olmo3moe":
            # No class of Transformers: its config names OLMo-core's two files, and olmoc says so.
            self.expect("modeling_olmo3moe.py" in self.notes, "no note names OLMo-core's modeling files")
            code = Path(configuration_olmo3moe.__file__).parent
            for name in ("configuration_olmo3moe.py", "modeling_olmo3moe.py"):
                shutil.copy(code / name, directory / name)
        model, report = AutoModelForCausalLM.from_pretrained(
            directory, dtype="auto", trust_remote_code=True, output_loading_info=True, attn_implementation="eager")
        problems = [f"{kind}: {key}" for kind in ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs")
                    for key in report.get(kind, ())]
        self.expect(not problems, f"Transformers: {problems[:5]}")
        return model.eval()

    def hf_logits(self, model):
        try:
            with torch.no_grad():
                return model(input_ids=self.tokens(), use_cache=False).logits
        except Exception as problem:  # noqa: BLE001
            return f"{type(problem).__name__}: {str(problem).splitlines()[0] if str(problem) else ''}"[:90]

    def compare_logits(self, what: str, a, b, exact: bool = False) -> None:
        for logits in (a, b):
            if isinstance(logits, str):
                return self.say(f"{what}: not run ({logits})")
        a, b = a[..., : self.sizes.vocab].float(), b[..., : self.sizes.vocab].float()
        if exact:
            self.expect(torch.equal(a, b), f"{what}: logits differ by {(a - b).abs().max():.2e}")
            return self.say(f"{what}: equal logits")
        difference = ((a - b).abs() / (1 + b.abs())).max().item()
        self.expect(difference < 1e-4, f"{what}: logits differ by {difference:.2e}")
        self.say(f"{what}: logits within {difference:.0e}")

    # ---- what the peer makes

    def peer_to_hf(self, state: dict, hf_config) -> dict:
        state = dict(state)
        if self.family == "olmo_hybrid":
            # OLMo-core's names do not load in Transformers.
            made = peer.convert_hybrid_state_to_hf(state, list(hf_config.layer_types))
            renamed = {".out_proj.": ".o_proj.", "linear_attn.norm.": "linear_attn.o_norm."}
            for old, new in renamed.items():
                made = {key.replace(old, new): tensor for key, tensor in made.items()}
            return made
        if self.family == "flex_olmo_dropless":
            # As OLMo-core's exporter does before it converts.
            moe = self.olmo_config["model"]["block"]["feed_forward_moe"]
            for key in state:
                if key.endswith(("mlp.w1", "mlp.w3")):
                    state[key] = (state[key].reshape(moe["num_experts"], moe["hidden_size"], -1).permute(0, 2, 1)
                                  .reshape(-1, moe["hidden_size"]))
        return peer.convert_state_to_hf(hf_config, state)

    # ---- from OLMo-core

    def from_olmo_core(self) -> None:
        model = self.olmo_model(self.olmo_config)
        randomize(model, self.seed, norms=1.0)
        if self.olmo_config["model"].get("tie_word_embeddings"):
            with torch.no_grad():
                model.lm_head.w_out.weight.copy_(model.embeddings.weight)
        state = state_of(model)
        source, made, back = (self.work / name for name in ("olmo_core", "hf", "olmo_core_again"))
        source.mkdir()
        save_file(state, source / "model.safetensors")
        (source / "config.json").write_text(json.dumps(self.olmo_config))
        self.run(f"olmo_core={source}", f"hf={made}")
        ours = tensors_in(made)
        if self.mapping == "olmo3moe":
            hf_config = configuration_olmo3moe.Olmo3MoeConfig(**json.loads((made / "config.json").read_text()))
        else:
            hf_config = AutoConfig.from_pretrained(made)
        # OLMo-core does not export Qwen 3.5.
        if self.family != "qwen3_5_text":
            peers = {key: tensor.contiguous() for key, tensor in self.peer_to_hf(state, hf_config).items()}
            if hf_config.tie_word_embeddings:
                peers.pop("lm_head.weight", None)
            wrong = others(ours, peers)
            self.expect(not wrong, f"not what OLMo-core makes: {wrong[:5]}")
            self.say("to HF as OLMo-core")
        hf_model = self.load_hf(made)
        hf_logits = self.hf_logits(hf_model)
        self.compare_logits("HF and OLMo-core", hf_logits, self.olmo_logits(model))

        self.run(f"hf={made}", f"olmo_core={back}", self.import_settings)
        wrong = others(tensors_in(back), state)
        rounded = self.family in ROUNDED
        only_norms = rounded and all("norm" in key for key in wrong)
        self.expect(not wrong or only_norms, f"comes back otherwise: {wrong[:5]}")
        self.say("comes back" + (f", {len(wrong)} norms rounded" if wrong else ""))
        if self.mapping == "olmo3moe":
            return
        again = self.olmo_model(json.loads((back / "config.json").read_text()))
        again.load_state_dict(tensors_in(back))
        self.compare_logits("OLMo-core again, by the config that olmoc wrote", self.olmo_logits(again),
                            self.olmo_logits(model), exact=not rounded)

    # ---- from Transformers

    def from_hf(self) -> None:
        if self.mapping == "olmo3moe":
            return
        config = resize_hf(self.hf_config, self.sizes)
        if self.family == "olmo_hybrid":
            # Transformers saves its convolutions in three equal parts, whatever the sizes of keys and values are.
            config["linear_num_value_heads"] = self.sizes.linear
            config["linear_value_head_dim"] = self.sizes.linear_head
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(**config), attn_implementation="eager")
        randomize(model, self.seed + 1, norms=0.0 if self.family in ROUNDED else 1.0)
        model.eval()
        source, made, back = (self.work / name for name in ("hf_source", "olmo_core_made", "hf_again"))
        model.save_pretrained(source)
        self.run(f"hf={source}", f"olmo_core={made}", self.import_settings)
        ours = tensors_in(made)
        stored = tensors_in(source)
        if self.family not in {"olmo_hybrid", "flex_olmo_dropless"}:  # no import there
            peers = peer.convert_state_from_hf(model.config, dict(stored), model_type=model.config.model_type)
            wrong = others(ours, {key: tensor.contiguous() for key, tensor in peers.items()})
            self.expect(not wrong, f"not what OLMo-core makes: {wrong[:5]}")
            self.say("from HF as OLMo-core")
        olmo_model = self.olmo_model(json.loads((made / "config.json").read_text()))
        olmo_model.load_state_dict(ours)
        logits = self.hf_logits(model)
        self.compare_logits("OLMo-core and HF, by the config that olmoc wrote", self.olmo_logits(olmo_model), logits)
        self.run(f"olmo_core={made}", f"hf={back}")
        if self.family == "olmo_hybrid":
            # Transformers saves it by the names of its releases, and loads both.
            stored = {key.replace("attention_layer_norm", "input_layernorm")
                      .replace("feedforward_layer_norm", "post_attention_layernorm"): tensor
                      for key, tensor in stored.items()}
        wrong = others(tensors_in(back), stored)
        rounded = self.family in ROUNDED
        only_norms = rounded and all("norm" in key for key in wrong)
        self.expect(not wrong or only_norms, f"comes back otherwise: {wrong[:5]}")
        before = self.hf_logits(self.load_hf(source))
        self.compare_logits("HF again", self.hf_logits(self.load_hf(back)), before, exact=not wrong)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("olmoc", type=Path)
    parser.add_argument("fixtures", type=Path)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--only")
    arguments = parser.parse_args()
    logging.disable_progress_bar()
    failed = 0
    for family in FAMILIES:
        if arguments.only and family != arguments.only:
            continue
        for seed in range(1, arguments.seeds + 1):
            with tempfile.TemporaryDirectory() as work:
                fixture = arguments.fixtures.resolve() / family
                check = Check(arguments.olmoc.resolve(), family, fixture, seed, Path(work))
                for direction in (check.from_olmo_core, check.from_hf):
                    try:
                        direction()
                    except Failure as failure:
                        failed += 1
                        check.say(f"FAILED: {failure}")
                print(f"{family}, seed {seed}: " + "; ".join(check.said), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
