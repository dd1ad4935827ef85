"""Attention rollout: how much of each cell of the picture has reached the answer, were attention all that moves it.

[1] S. Abnar, W. Zuidema. Quantifying Attention Flow in Transformers. ACL 2020, arXiv:2005.00928, section 3.

A block adds what its attention A gathers to what is there, which counts as half each: Â = (A + I) / 2. The rollout is
the product of all blocks' Â, last block first; row i says which share of the last cell i came from each cell at the
start. Heads are averaged before [1].

It assumes that a cell's content travels by attention alone: values, the linear layers between and the sizes of what is
added do not count. No class enters anywhere, so the map is the same for every class; it is not signed.

Which rows answer: [1] reads that of a class token. Here those rows of the last block count, all alike, that the answer
depends on at all: every cell's where the answer is made of their mean, and the class token's alone where it is made of
that. It is asked only where there are tokens that are no cells (class, register), by one backward pass to the last
block's attention.

Departure from [1]: what came from tokens that are no cells lies nowhere in the picture and is left out; the rest is
divided by its sum. So a map's cells are shares and sum to 1. Attention in windows counts as one over the whole grid
that is 0 between windows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor, nn

from engine.explain.target import ScalarFunction
from engine.models.taps import AttentionTap, RecordedGate, edit_attention, edits_here, record_attention, taps_of
from engine.records import NO_CELL, KeyCells


def mean_over_heads(weights: Tensor) -> Tensor:
    """Return (B, n, n) from a self-attention's gate (B, heads · n, n)."""
    return _by_window(weights, 1)[:, 0]


def _by_window(weights: Tensor, windows: int) -> Tensor:
    """Return (B, windows, n, n), heads averaged, from a gate (B, windows · heads · n, n)."""
    count = weights.shape[2]
    return weights.reshape(len(weights), windows, -1, count, count).mean(dim=2)


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


def _tokens(keys: KeyCells, device: torch.device) -> Tensor:
    """Return (windows, n) int64: for each key the token that it is, of the grid's cells and, last, all that is none."""
    cells = torch.tensor(keys.windows, device=device)
    return torch.where(cells == NO_CELL, keys.grid[0] * keys.grid[1], cells)


def _whole(gate: RecordedGate) -> Tensor:
    """Return a gate's attention, heads averaged, among all tokens of the picture: (B, n, n).

    Tokens are the keys, or, of attention in windows, the grid's cells and one more for what belongs to none.
    """
    if gate.keys is None or len(gate.keys.windows) == 1:
        return mean_over_heads(gate.weights)
    parts, tokens = _by_window(gate.weights, len(gate.keys.windows)), _tokens(gate.keys, gate.weights.device)
    count = gate.keys.grid[0] * gate.keys.grid[1] + 1
    place = tokens[:, :, None] * count + tokens[:, None, :]
    whole = parts.new_zeros(len(parts), count * count).index_add_(1, place.flatten(), parts.flatten(1))
    whole = whole.view(-1, count, count)
    held = whole.sum(dim=2, keepdim=True)  # windows may overlap, and cells may be in none, which keep what they have
    here = torch.eye(count, device=whole.device)
    whole = torch.where(held > 0, whole / held, here)
    whole[:, -1] = here[-1]  # padding stands for nothing, in whatever window
    return whole


def _answering(scalar_of: ScalarFunction, x: Tensor, last: RecordedGate) -> Tensor:
    """Return (B, n) float32: 1 for every row of the last attention that the answer depends on, each row's sum 1."""
    kept: list[Tensor] = []
    edits = dict(edits_here())
    before = edits.get(last.layer)

    def hold(weights: Tensor) -> Tensor:
        kept.append((weights if before is None else before(weights)).detach().requires_grad_())
        return kept[-1]

    with torch.enable_grad(), edit_attention({**edits, last.layer: hold}):
        scalar = scalar_of(x).sum()
    (gradient,) = torch.autograd.grad(scalar, kept[-1])
    count = gradient.shape[2]
    rows = (gradient.reshape(len(gradient), -1, count, count).abs().sum(dim=(1, 3)) > 0).float()
    return torch.where(rows.any(dim=1, keepdim=True), rows, 1.0)


@torch.no_grad()
def attention_rollout(scalar_of: ScalarFunction, x: Tensor) -> Tensor:
    """Return (B, h, w) float32 >= 0, each map's sum 1, from one forward pass, or two and a backward pass.

    Args:
        scalar_of: runs a model that :func:`rollout_refusal` takes; which scalar it gives does not matter. It must not
            itself record the pass's gates (:func:`engine.models.taps.record_attention`), which would hide them.
        x: normalised pictures (B, C, S, S).
    """
    with record_attention() as recorded:
        scalar_of(x)
    gates = [gate for gate in recorded if gate.among_itself]
    if not gates:
        raise ValueError("expected a forward pass with self-attention, got one that recorded none")
    shares, keys = roll_out([_whole(gate) for gate in gates]), gates[-1].keys
    if keys is None:
        side = math.isqrt(shares.shape[1])
        return shares.mean(dim=1).view(-1, side, side)
    cells = keys.grid[0] * keys.grid[1]
    if len(keys.windows) == 1:
        tokens = _tokens(keys, shares.device)[0]
        rows = shares.new_ones(shares.shape[:2])
        if NO_CELL in keys.windows[0]:
            rows = _answering(scalar_of, x, gates[-1])
        shares = (rows[:, :, None] * shares).sum(dim=1)
        found = shares.new_zeros(len(shares), cells + 1).index_add_(1, tokens, shares)[:, :cells]
    else:
        found = shares[:, :cells, :cells].mean(dim=1)
    return (found / found.sum(dim=1, keepdim=True)).view(-1, *keys.grid)


_FOLLOWS: Final = "attention rollout follows self-attention from block to block"
_ONE_GRID: Final = "attention rollout follows one grid of cells from block to block"


def rollout_refusal(model: nn.Module, _x: Tensor) -> str | None:
    """Say why a model's attention cannot be rolled out, or None."""
    asking = [tap for tap in taps_of(model) if tap.kind == "cross"]
    own = [tap for tap in asking if tap.among_itself]
    if not own:
        return f"{_FOLLOWS}, and this model has none" + (" whose cells are known" if asking else "")
    if len(own) < len(asking):
        return f"{_ONE_GRID}, and this model also asks another grid"
    if len({_grid_of(tap) for tap in own}) > 1:
        return f"{_ONE_GRID}, and this model's grids or tokens change between blocks"
    return None


def _grid_of(tap: AttentionTap) -> object:
    """Return what two attentions must share to be multiplied: the tokens of one, or the grid of windows."""
    if tap.keys is None or len(tap.keys.windows) == 1:
        return tap.keys
    return tap.keys.grid
