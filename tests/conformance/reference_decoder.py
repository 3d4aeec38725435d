"""A small decoder in plain torch that computes with a layout's own tensors, as the code that owns the layout does: its
fused projections, its order of rotary halves, its place of norms. Independent of omap and of Transformers.
"""

from dataclasses import dataclass
from typing import Callable

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass
class Block:
    """What one layer computes. Tokens are rows; `qkv` gives (tokens, heads, size of a head) each."""

    qkv: Callable[[Tensor], tuple[Tensor, Tensor, Tensor]]
    out: Callable[[Tensor], Tensor]
    feed_forward: Callable[[Tensor], Tensor]
    attention_norm: Callable[[Tensor], Tensor]
    feed_forward_norm: Callable[[Tensor], Tensor]
    norms_behind: bool = False


def rms_norm(weight: Tensor, eps: float) -> Callable[[Tensor], Tensor]:
    return lambda x: weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps))


def turn_halves(x: Tensor, theta: float) -> Tensor:
    """Rotary positions where entry i of a head is paired with i + half (GPT-NeoX, Transformers, OLMo)."""
    half = x.shape[-1] // 2
    angle = torch.outer(torch.arange(x.shape[0]).float(), theta ** (-torch.arange(half).float() / half))[:, None]
    a, b = x[..., :half], x[..., half:]
    return torch.cat((a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()), -1)


def turn_neighbours(x: Tensor, theta: float) -> Tensor:
    """Rotary positions where entry 2 i of a head is paired with 2 i + 1, as complex numbers (Meta)."""
    half = x.shape[-1] // 2
    angle = torch.outer(torch.arange(x.shape[0]).float(), theta ** (-torch.arange(half).float() / half))[:, None]
    turned = torch.view_as_complex(x.unflatten(-1, (half, 2)).contiguous()) * torch.polar(torch.ones_like(angle), angle)
    return torch.view_as_real(turned).flatten(-2)


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Causal attention; a head of keys serves as many heads of queries as come to it."""
    shared = q.shape[1] // k.shape[1]
    k, v = k.repeat_interleave(shared, 1), v.repeat_interleave(shared, 1)
    scores = torch.einsum("ihd,jhd->hij", q, k) / q.shape[-1] ** 0.5
    scores = scores.masked_fill(torch.ones_like(scores[0], dtype=torch.bool).triu(1), float("-inf"))
    return torch.einsum("hij,jhd->ihd", scores.softmax(-1), v).flatten(1)


def decode(x: Tensor, blocks: list[Block], norm: Callable[[Tensor], Tensor], head: Tensor,
           turn: Callable[[Tensor], Tensor]) -> Tensor:
    """Logits of one sequence, from its embeddings."""
    for block in blocks:
        before = (lambda y: y) if block.norms_behind else block.attention_norm
        behind = block.attention_norm if block.norms_behind else (lambda y: y)
        q, k, v = block.qkv(before(x))
        x = x + behind(block.out(attend(turn(q), turn(k), v)))
        before = (lambda y: y) if block.norms_behind else block.feed_forward_norm
        behind = block.feed_forward_norm if block.norms_behind else (lambda y: y)
        x = x + behind(block.feed_forward(before(x)))
    return norm(x) @ head.T


def swiglu(gate: Tensor, up: Tensor, down: Tensor) -> Callable[[Tensor], Tensor]:
    return lambda x: F.linear(F.silu(F.linear(x, gate)) * F.linear(x, up), down)


def mixture(router: Tensor, experts: list[Callable[[Tensor], Tensor]], top_k: int) -> Callable[[Tensor], Tensor]:
    """The `top_k` likeliest experts of each token, weighed by their probabilities as they are."""

    def forward(x: Tensor) -> Tensor:
        weights, chosen = F.linear(x, router).softmax(-1).topk(top_k, -1)
        outputs = torch.stack([expert(x) for expert in experts])
        tokens = torch.arange(x.shape[0])
        return sum(weights[:, i, None] * outputs[chosen[:, i], tokens] for i in range(top_k))

    return forward
