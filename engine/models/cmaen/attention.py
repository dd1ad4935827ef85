"""Cross-modal attention: each cell of the E-CNN's grid asks the EfficientNet's cells.

[1] A. Vaswani et al. Attention Is All You Need. NeurIPS 2017, arXiv:1706.03762, eq. 1.
[2] H. Zhang et al. Self-Attention Generative Adversarial Networks. ICML 2019, arXiv:1805.08318 (a learnt gain from 0).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from engine.models.taps import AttentionTap


class CrossModalAttention(nn.Module):
    """gamma · softmax(Q Kᵀ / √d) V + projection, Q from the asking features, K and V from the asked ones [1], [2].

    Both inputs are first projected to d channels by 1x1 convolutions. Queries and keys keep each its own grid, so the
    attention is (h·w) x (h'·w'), 49 x 49 at 224 pixels. gamma starts at 0: at first the output is the projection of
    the asking features alone. The tap ``cross`` carries the softmax: for each query cell a map over key cells.

    Args:
        asking: channels of the features that ask.
        asked: channels of the features that are asked.
        width: d.
        attend: False leaves the projection alone, for an ablation; nothing of the attention is then built.
    """

    def __init__(self, asking: int, asked: int, width: int, *, attend: bool = True) -> None:
        super().__init__()
        self.project = nn.Conv2d(asking, width, 1)
        self.attend = attend
        self.gamma: nn.Parameter | None = None
        if attend:
            self.project_asked = nn.Conv2d(asked, width, 1)
            self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
            self.gamma = nn.Parameter(torch.zeros(1))
            self.tap = AttentionTap("cross", "cross")

    def forward(self, asking: Tensor, asked: Tensor) -> Tensor:
        """Map (B, asking, h, w) and (B, asked, h', w') to (B, d, h, w)."""
        own: Tensor = self.project(asking)
        if self.gamma is None:
            return own
        cells = own.flatten(2).transpose(1, 2)  # (B, h·w, d)
        others = self.project_asked(asked).flatten(2).transpose(1, 2)  # (B, h'·w', d)
        scores = self.query(cells) @ self.key(others).transpose(1, 2) / math.sqrt(cells.shape[-1])
        weights: Tensor = self.tap(torch.softmax(scores.float(), dim=-1))
        out = (weights.to(others.dtype) @ self.value(others)).transpose(1, 2)
        crossed: Tensor = self.gamma * out.reshape(own.shape) + own
        return crossed
