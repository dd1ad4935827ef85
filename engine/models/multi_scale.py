"""Multi-scale attention: gates computed from the features pooled to 1x1, 2x2 and 4x4 cells.

For each scale s: pool to s x s, 1x1 convolution C → C/8, ReLU, 1x1 convolution → C, sigmoid, resize to the input,
multiply; the products are averaged. Pooling is adaptive: every row of an odd grid falls into some cell (a floor pooling
of a 7x7 map to 4x4 would lose three of its rows).
"""

from __future__ import annotations

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.models.taps import AttentionTap

SCALES: Final[tuple[int, ...]] = (1, 2, 4)


class ScaleGate(nn.Module):
    """One scale's gate (B, C, s, s) in (0, 1), read through taps as its channel and its spatial part.

    Such a gate has a weight for each channel *and* cell. Its taps carry its two main effects: ``<layer>.channel``, the
    mean over cells (B, C, 1, 1), and for s > 1 ``<layer>.spatial``, the mean over channels (B, 1, s, s). What an edit
    changes in a main effect is added to the gate, so a replaced tap takes effect and an unedited one changes nothing.

    Args:
        channels: C.
        scale: s.
        reduction: the hidden width is max(1, C // reduction).
        layer: prefix of the taps' names.
    """

    def __init__(self, channels: int, scale: int, reduction: int, layer: str) -> None:
        super().__init__()
        hidden = max(1, channels // reduction)
        self.scale = scale
        self.mlp = nn.Sequential(nn.Conv2d(channels, hidden, 1), nn.ReLU(), nn.Conv2d(hidden, channels, 1))
        self.channel_tap = AttentionTap(f"{layer}.channel", "channel")
        self.spatial_tap = AttentionTap(f"{layer}.spatial", "spatial") if scale > 1 else None

    def forward(self, x: Tensor) -> Tensor:
        """Map features (B, C, h, w) to their gate: (B, C, 1, 1) at scale 1, else (B, C, h, w)."""
        gate = torch.sigmoid(self.mlp(F.adaptive_avg_pool2d(x, self.scale)))
        if self.spatial_tap is None:
            tapped: Tensor = self.channel_tap(gate)
            return tapped
        by_channel, by_cell = gate.mean(dim=(2, 3), keepdim=True), gate.mean(dim=1, keepdim=True)
        gate = gate + (self.channel_tap(by_channel) - by_channel) + (self.spatial_tap(by_cell) - by_cell)
        return F.interpolate(gate, size=x.shape[-2:], mode="bilinear", align_corners=False)


class MultiScaleAttention(nn.Module):
    """The mean of the gated features of all scales.

    Args:
        channels: C.
        layer: prefix of the taps: ``<layer>.scale1.channel``, ``<layer>.scale2.channel``, ``<layer>.scale2.spatial``...
        scales: cells a side.
        reduction: of each gate's hidden layer.
    """

    def __init__(self, channels: int, layer: str, *, scales: tuple[int, ...] = SCALES, reduction: int = 8) -> None:
        super().__init__()
        self.gates = nn.ModuleList(ScaleGate(channels, s, reduction, f"{layer}.scale{s}") for s in scales)

    def forward(self, x: Tensor) -> Tensor:
        """Map features (B, C, h, w) to features of the same shape."""
        # The mean of the products is the product with the gates' mean, one pass over the features in place of three.
        whole: Tensor = sum(gate(x) for gate in self.gates) / len(self.gates)
        return x * whole
