"""Attention gates: channel, spatial, and both in sequence (CBAM).

[1] S. Woo, J. Park, J.-Y. Lee, I. S. Kweon. CBAM: Convolutional Block Attention Module. ECCV 2018, arXiv:1807.06521.

Shapes: B batch, C channels, (h, w) grid. Every gate lies in (0, 1) and multiplies its input; it is read through an
:class:`engine.models.taps.AttentionTap`.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.models.taps import AttentionTap


class ChannelGate(nn.Module):
    """CBAM's channel gate [1, eq. 2]: sigmoid(MLP(average pool) + MLP(max pool)), one shared two-layer MLP.

    Args:
        channels: C of the input.
        reduction: r; the MLP's hidden width is max(1, C // r).
        layer: the tap's name.
        start: see :class:`CBAM`.
    """

    def __init__(self, channels: int, reduction: int, layer: str, *, start: float | None = None) -> None:
        super().__init__()
        if reduction < 1:
            raise ValueError(f"reduction must be 1 or more, got {reduction}")
        hidden = max(1, channels // reduction)
        # In this order, so that a seed goes on to mean the same net.
        first, last = nn.Linear(channels, hidden), nn.Linear(hidden, channels)
        self.mlp = nn.Sequential(first, nn.ReLU(), last)
        self.tap = AttentionTap(layer, "channel")
        self.gain = 1.0
        if start is not None:
            self.gain = 1.0 / start
            nn.init.zeros_(last.weight)
            nn.init.constant_(last.bias, _logit(start) / 2)  # the MLP answers twice

    def forward(self, x: Tensor) -> Tensor:
        """Map features (B, C, h, w) to gated features of the same shape."""
        # The maximum of 4x4 maxima is the maximum; pooling first makes training three times faster on a CPU.
        maxima = F.max_pool2d(x, 4, ceil_mode=True).amax(dim=(2, 3))
        logits = self.mlp(x.mean(dim=(2, 3))) + self.mlp(maxima)
        gate: Tensor = self.tap(torch.sigmoid(logits)[:, :, None, None])
        return x * (gate if self.gain == 1.0 else gate * self.gain)


class SpatialGate(nn.Module):
    """CBAM's spatial gate [1, eq. 3]: sigmoid(BN(conv([max over C, mean over C]))), one map for all channels.

    The convolution has no bias; the BatchNorm after it follows the authors' code and is not in the paper's formula.

    Args:
        kernel: odd side of the convolution, 7 in the paper.
        layer: the tap's name.
        start: see :class:`CBAM`.
    """

    def __init__(self, kernel: int, layer: str, *, start: float | None = None) -> None:
        super().__init__()
        if kernel % 2 == 0:
            raise ValueError(f"the kernel must be odd so that the map keeps its grid, got {kernel}")
        self.conv = nn.Conv2d(2, 1, kernel, padding=kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(1)
        self.tap = AttentionTap(layer, "spatial")
        self.gain = 1.0
        if start is not None:
            self.gain = 1.0 / start
            nn.init.zeros_(self.norm.weight)
            nn.init.constant_(self.norm.bias, _logit(start))

    def forward(self, x: Tensor) -> Tensor:
        """Map features (B, C, h, w) to gated features of the same shape."""
        # Channels last, so that both reductions run over neighbours in memory (x is channels_last in training).
        last = x.permute(0, 2, 3, 1)
        pooled = torch.stack([last.amax(dim=-1), last.mean(dim=-1)], dim=1)
        gate: Tensor = self.tap(torch.sigmoid(self.norm(self.conv(pooled))))
        return x * (gate if self.gain == 1.0 else gate * self.gain)


class CBAM(nn.Module):
    """Channel gate, then spatial gate, in sequence [1, eq. 1].

    Args:
        channels: C of the input.
        reduction: r of the channel gate, 16 in the paper.
        kernel: side of the spatial gate's convolution.
        layer: prefix of the two taps: ``<layer>.channel`` and ``<layer>.spatial``.
        start: where both gates begin, in (0, 1), for every picture and everywhere. A constant gain of 1 / ``start``
            after each gate then gives back what it takes, so that CBAM begins as an identity and features that were
            learnt without it survive. None: gates and their products as in [1], from PyTorch's random start.
    """

    def __init__(self, channels: int, reduction: int, kernel: int, layer: str, *, start: float | None = None) -> None:
        super().__init__()
        if start is not None and not 0 < start < 1:
            raise ValueError(f"start must lie between 0 and 1, got {start}")
        self.channel = ChannelGate(channels, reduction, f"{layer}.channel", start=start)
        self.spatial = SpatialGate(kernel, f"{layer}.spatial", start=start)

    def forward(self, x: Tensor) -> Tensor:
        """Map features (B, C, h, w) to gated features of the same shape."""
        out: Tensor = self.spatial(self.channel(x))
        return out


def _logit(share: float) -> float:
    return math.log(share / (1 - share))
