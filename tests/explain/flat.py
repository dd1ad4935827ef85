"""A net with one linear layer on all cells, whose cell-wise maps can be worked out by hand."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class FlatHead(nn.Module):
    """Features (x, -x) of a 2x2 picture; one logit with a weight for each channel and cell, and bias 5."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Conv2d(1, 2, 1, bias=False)
        self.output = nn.Linear(8, 1)
        with torch.no_grad():
            self.features.weight.copy_(torch.tensor([1.0, -1.0]).view(2, 1, 1, 1))
            self.output.weight.copy_(torch.tensor([[1.0, -1.0, 0.0, 2.0, -1.0, 0.0, 3.0, -2.0]]))
            self.output.bias.fill_(5.0)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.output(self.features(x).flatten(1))
        return out
