"""One small net written twice: with activations as modules that run once, and as functions."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Modules(nn.Module):
    """Two convolutions with ReLU and max-pool, then two linear layers; what Captum's rules are made for."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(4)
        self.one, self.two = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 6, 3, padding=1)
        self.act1, self.act2, self.act3 = nn.ReLU(), nn.ReLU(), nn.ReLU()
        self.pool1, self.pool2 = nn.MaxPool2d(2), nn.MaxPool2d(2)
        self.hidden, self.output = nn.Linear(96, 10), nn.Linear(10, 3)
        with torch.no_grad():
            for values in self.parameters():
                values.copy_(torch.randn(values.shape, generator=generator) * 0.3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool2(self.act2(self.two(self.pool1(self.act1(self.one(x))))))
        out: Tensor = self.output(self.act3(self.hidden(x.flatten(1))))
        return out


class Functions(Modules):
    """The same answers."""

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(self.two(F.max_pool2d(self.one(x).relu_(), 2)).relu(), 2)
        out: Tensor = self.output(F.relu(self.hidden(x.flatten(1)), inplace=True))
        return out


def pictures(count: int, seed: int = 1) -> Tensor:
    return torch.randn((count, 1, 16, 16), generator=torch.Generator().manual_seed(seed))
