"""Self-attention: each cell of a grid asks all cells of the same grid, several times over.

[1] A. Vaswani et al. Attention Is All You Need. NeurIPS 2017, arXiv:1706.03762, section 3.2.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from engine.models.taps import AttentionTap


class SelfAttention(nn.Module):
    """Multi-head attention of n cells to themselves [1, eq. 1]: softmax(Q Kᵀ / √d) V by head, then one projection.

    The tap, of kind ``cross``, carries the weights of all heads as (B, heads · n, n): every head asks once for each
    cell, so row ``head · n + cell`` is the map over the cells that this head attends to for that cell, and sums to 1.
    Whatever reads cross gates reads the mean over rows as what each cell received, over all heads.

    Args:
        width: channels of a cell, a multiple of ``heads``; a head takes d = width / heads of them.
        heads: how often each cell asks.
        layer: the tap's name.
    """

    def __init__(self, width: int, heads: int, layer: str) -> None:
        super().__init__()
        if heads < 1 or width % heads:
            raise ValueError(f"the width must be a multiple of the heads, got {width} and {heads}")
        self.heads, self.size = heads, width // heads
        self.asked = nn.Linear(width, 3 * width)  # queries, keys and values, each by head
        self.project = nn.Linear(width, width)
        self.tap = AttentionTap(layer, "cross")

    def forward(self, cells: Tensor) -> Tensor:
        """Map cells (B, n, width) to what each of them has gathered, of the same shape."""
        count, shape = cells.shape[1], (3, self.heads, self.size)
        # (B, n, 3 · width) to three of (B, heads, n, d)
        queries, keys, values = self.asked(cells).unflatten(2, shape).permute(2, 0, 3, 1, 4).unbind(0)
        scores = queries @ keys.transpose(2, 3) / math.sqrt(self.size)
        weights: Tensor = self.tap(torch.softmax(scores.float(), dim=-1).flatten(1, 2))
        gathered = weights.reshape(-1, self.heads, count, count).to(values.dtype) @ values
        out: Tensor = self.project(gathered.transpose(1, 2).flatten(2))
        return out
