"""Emotion attention: for each emotion a channel gate, then a 7x7 spatial gate, over the same features.

Each is a gate of CBAM (arXiv:1807.06521) with one departure: the channel gate sees the average pool alone. All K are
computed at once by grouped convolutions, one group an emotion.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from engine.models.taps import AttentionTap


class EmotionAttention(nn.Module):
    """Features gated once for each emotion.

    Taps: ``emotion.class<k>.channel`` (C weights; k counts the classes from 0) and ``emotion.spatial``, kind
    ``emotion``: one map per class.

    Args:
        channels: C.
        classes: K.
        reduction: a channel gate's hidden width is max(1, C // reduction).
        kernel: odd side of the spatial convolutions.
    """

    def __init__(self, channels: int, classes: int, *, reduction: int = 16, kernel: int = 7) -> None:
        super().__init__()
        if kernel % 2 == 0:
            raise ValueError(f"the kernel must be odd so that the maps keep their grid, got {kernel}")
        hidden = max(1, channels // reduction)
        self.classes = classes
        self.squeeze = nn.Conv2d(channels, classes * hidden, 1)
        self.excite = nn.Conv2d(classes * hidden, classes * channels, 1, groups=classes)
        self.spatial = nn.Conv2d(2 * classes, classes, kernel, padding=kernel // 2, groups=classes)
        self.channel_taps = nn.ModuleList(AttentionTap(f"emotion.class{k}.channel", "channel") for k in range(classes))
        self.spatial_tap = AttentionTap("emotion.spatial", "emotion")

    def channel_gates(self, x: Tensor) -> Tensor:
        """Map features (B, C, h, w) to channel gates (B, K, C, 1, 1) in (0, 1)."""
        gates = torch.sigmoid(self.excite(self.squeeze(x.mean(dim=(2, 3), keepdim=True)).relu()))
        # (B, K * C, 1, 1), one block of C an emotion; a tap each, shaped as it multiplies.
        blocks = gates.chunk(self.classes, dim=1)
        return torch.stack([tap(block) for tap, block in zip(self.channel_taps, blocks, strict=True)], dim=1)

    def gates(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Map features (B, C, h, w) to channel gates (B, K, C, 1, 1) and spatial gates (B, K, h, w), all in (0, 1)."""
        channel = self.channel_gates(x)
        # The maximum over channels of each gated copy: which channel it is needs no gradient, and with it known the
        # copies, seven times the features, need not be kept for the backward pass.
        largest = (x.detach()[:, None] * channel.detach()).max(dim=2).indices  # (B, K, h, w)
        gate_there = channel[:, :, :, 0, 0].gather(2, largest.flatten(2)).view_as(largest)
        maxima = x.gather(1, largest) * gate_there
        means = torch.einsum("bkc,bchw->bkhw", channel[:, :, :, 0, 0], x) / x.shape[1]
        pooled = torch.stack([maxima, means.to(maxima.dtype)], dim=2)  # (B, K, 2, h, w)
        maps: Tensor = self.spatial_tap(torch.sigmoid(self.spatial(pooled.flatten(1, 2))))
        return channel, maps

    def pooled(self, x: Tensor) -> Tensor:
        """Map features (B, C, h, w) to the average over the grid of :meth:`forward`'s answer, (B, K, C).

        The copies themselves are never made; on a CPU they were a seventh of a training step of the whole network.
        """
        channel, maps = self.gates(x)
        looked_at = torch.einsum("bkhw,bchw->bkc", maps, x) / (x.shape[2] * x.shape[3])
        return looked_at * channel[:, :, :, 0, 0]

    def forward(self, x: Tensor) -> Tensor:
        """Map features (B, C, h, w) to one gated copy an emotion, (B, K, C, h, w)."""
        channel, maps = self.gates(x)
        return x[:, None] * channel * maps[:, :, None]
