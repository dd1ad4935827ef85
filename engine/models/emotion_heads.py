"""Emotion heads: one small network an emotion answers for that emotion alone."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class EmotionHeads(nn.Module):
    """K times {linear C → hidden, LayerNorm, ReLU, dropout, linear → 1}, each on its emotion's pooled map.

    Args:
        channels: C.
        classes: K.
        hidden: width between.
        dropout: before each last layer.
    """

    def __init__(self, channels: int, classes: int, *, hidden: int, dropout: float) -> None:
        super().__init__()
        self.heads = nn.ModuleList(
            nn.Sequential(
                nn.Linear(channels, hidden), nn.LayerNorm(hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, 1)
            )
            for _ in range(classes)
        )

    def forward(self, pooled: Tensor) -> Tensor:
        """Map one pooled feature vector an emotion (B, K, C) to logits (B, K)."""
        return torch.cat([head(pooled[:, k]) for k, head in enumerate(self.heads)], dim=1)
