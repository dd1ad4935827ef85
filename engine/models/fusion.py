"""The fusion classifier, and the adaptive ensemble that weighs its answer against the emotion heads'."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class FusionClassifier(nn.Module):
    """Linear layers with LayerNorm, ReLU and dropout between, on the concatenated pooled features.

    Args:
        inputs: length of the concatenation, 512 + 1280 + 256 in the whole model.
        classes: K.
        hidden: widths between, 1024 and 512 in the whole model.
        dropout: after each hidden layer.
    """

    def __init__(self, inputs: int, classes: int, *, hidden: Sequence[int], dropout: float) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for width in hidden:
            layers += [nn.Linear(inputs, width), nn.LayerNorm(width), nn.ReLU(), nn.Dropout(dropout)]
            inputs = width
        self.layers = nn.Sequential(*layers, nn.Linear(inputs, classes))

    def forward(self, pooled: Sequence[Tensor]) -> Tensor:
        """Map pooled features (B, any) each to logits (B, K)."""
        out: Tensor = self.layers(torch.cat(list(pooled), dim=1))
        return out


class AdaptiveEnsemble(nn.Module):
    """Two learnt scalars whose softmax weighs emotion logits against fusion logits; even at the start."""

    def __init__(self) -> None:
        super().__init__()
        self.balance = nn.Parameter(torch.zeros(2))

    def weights(self) -> Tensor:
        """Return (2,), positive, sum 1: the weight of the emotion logits, then of the fusion logits."""
        return torch.softmax(self.balance, dim=0)
