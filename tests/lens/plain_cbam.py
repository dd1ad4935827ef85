"""Our four-block net with CBAM as an outside user writes it: PyTorch alone, no taps, our names."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Channel(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(width, width // 16), nn.ReLU(), nn.Linear(width // 16, width))

    def forward(self, x: Tensor) -> Tensor:
        average = F.adaptive_avg_pool2d(x, 1).flatten(1)
        largest = F.adaptive_max_pool2d(x, 1).flatten(1)
        scale = torch.sigmoid(self.mlp(average) + self.mlp(largest))
        return x * scale.unsqueeze(2).unsqueeze(3).expand_as(x)


class Spatial(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 1, 7, padding=3, bias=False)
        self.norm = nn.BatchNorm2d(1)

    def forward(self, x: Tensor) -> Tensor:
        pooled = torch.cat([torch.max(x, dim=1, keepdim=True)[0], torch.mean(x, dim=1, keepdim=True)], dim=1)
        return torch.sigmoid(self.norm(self.conv(pooled))) * x


class Attention(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.channel, self.spatial = Channel(width), Spatial()

    def forward(self, x: Tensor) -> Tensor:
        return self.spatial(self.channel(x))


class Block(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm = nn.BatchNorm2d(outputs)
        self.attention = Attention(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return F.max_pool2d(self.attention(F.relu(self.norm(self.conv(x)))), 2)


class Net(nn.Module):
    def __init__(self, classes: int = 7) -> None:
        super().__init__()
        self.block1, self.block2 = Block(1, 64), Block(64, 128)
        self.block3, self.block4 = Block(128, 256), Block(256, 512)
        self.hidden = nn.Linear(512 * 3 * 3, 512)
        self.hidden_norm = nn.BatchNorm1d(512, affine=False)
        self.output = nn.Linear(512, classes)

    def forward(self, x: Tensor) -> Tensor:
        for block in (self.block1, self.block2, self.block3, self.block4):
            x = block(x)
        return self.output(F.relu(self.hidden_norm(self.hidden(x.flatten(1)))))
