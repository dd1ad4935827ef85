"""Attention rollout: how much of each cell of the picture has reached the answer, were attention all that moves it.

[1] S. Abnar, W. Zuidema. Quantifying Attention Flow in Transformers. ACL 2020, arXiv:2005.00928, section 3.

A block adds what its attention A gathers to what is there, which counts as half each: Â = (A + I) / 2. The rollout is
the product of all blocks' Â, last block first; row i says which share of the last cell i came from each cell at the
start. Heads are averaged before [1].

It assumes that a cell's content travels by attention alone: values, the linear layers between and the sizes of what is
added do not count. No class enters anywhere, so the map is the same for every class; it is not signed.

Departure from [1], which reads the row of a class token: the nets here answer from the mean of all cells of the last
block, so the map is the mean of all rows. Its cells are shares and sum to 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from engine.explain.target import ScalarFunction
from engine.models.taps import record_attention, taps_of
from engine.models.vit import SelfAttention


def mean_over_heads(weights: Tensor) -> Tensor:
    """Return (B, n, n) from a self-attention's gate (B, heads · n, n)."""
    count = weights.shape[2]
    return weights.reshape(len(weights), -1, count, count).mean(dim=1)


def roll_out(attentions: Sequence[Tensor]) -> Tensor:
    """Multiply the blocks' attention as in [1, eq. 1]: (B, n, n) float32 whose rows sum to 1.

    Args:
        attentions: one (B, n, n) a block, the first block first; rows sum to 1.
    """
    here = torch.eye(attentions[0].shape[-1], device=attentions[0].device)
    rolled = here.expand_as(attentions[0])
    for attention in attentions:
        rolled = (attention.float() + here) / 2 @ rolled
    return rolled


@torch.no_grad()
def attention_rollout(scalar_of: ScalarFunction, x: Tensor) -> Tensor:
    """Return (B, h, w) float32 >= 0, each map's sum 1, from one forward pass.

    Args:
        scalar_of: runs a model that :func:`rollout_refusal` takes; which scalar it gives does not matter. It must not
            itself record the pass's gates (:func:`engine.models.taps.record_attention`), which would hide them.
        x: normalised pictures (B, C, S, S).
    """
    with record_attention() as recorded:
        scalar_of(x)
    attentions = [mean_over_heads(gate.weights) for gate in recorded if gate.kind == "cross"]
    if not attentions:
        raise ValueError("expected a forward pass with self-attention, got one that recorded none")
    shares = roll_out(attentions).mean(dim=1)
    side = math.isqrt(shares.shape[1])
    return shares.view(-1, side, side)


def rollout_refusal(model: nn.Module, _x: Tensor) -> str | None:
    """Say why a model's attention cannot be rolled out, or None."""
    own = {id(module.tap) for module in model.modules() if isinstance(module, SelfAttention)}
    if not own:
        return "attention rollout follows self-attention from block to block, and this model has none"
    if any(tap.kind == "cross" and id(tap) not in own for tap in taps_of(model)):
        return "attention rollout follows one grid of cells from block to block, and this model also asks another grid"
    return None
