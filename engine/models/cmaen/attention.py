"""Cross-modal attention: each cell of the E-CNN's grid asks the EfficientNet's cells.

[1] A. Vaswani et al. Attention Is All You Need. NeurIPS 2017, arXiv:1706.03762, eq. 1.
[2] H. Zhang et al. Self-Attention Generative Adversarial Networks. ICML 2019, arXiv:1805.08318 (a learnt gain from 0).

Emotion attention: for each emotion a channel gate, then a 7x7 spatial gate, over the same features.

Each is a gate of CBAM (arXiv:1807.06521) with one departure: the channel gate sees the average pool alone. All K are
computed at once by grouped convolutions, one group an emotion.

Multi-scale attention: gates computed from the features pooled to 1x1, 2x2 and 4x4 cells.

For each scale s: pool to s x s, 1x1 convolution C → C/8, ReLU, 1x1 convolution → C, sigmoid, resize to the input,
multiply; the products are averaged. Pooling is adaptive: every row of an odd grid falls into some cell (a floor pooling
of a 7x7 map to 4x4 would lose three of its rows).

Feature pyramid: coarse features, which know what, are added to fine ones, which know where.

[1] T.-Y. Lin et al. Feature Pyramid Networks for Object Detection. CVPR 2017, arXiv:1612.03144, section 3.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
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
        gamma_start: where gamma begins, 0 in [2].
    """

    def __init__(self, asking: int, asked: int, width: int, *, attend: bool = True, gamma_start: float = 0.0) -> None:
        super().__init__()
        self.project = nn.Conv2d(asking, width, 1)
        self.attend = attend
        self.gamma: nn.Parameter | None = None
        if attend:
            self.project_asked = nn.Conv2d(asked, width, 1)
            self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
            self.gamma = nn.Parameter(torch.full((1,), float(gamma_start)))
            self.tap = AttentionTap("cross", "cross")

    def forward(self, asking: Tensor, asked: Tensor, kept: Tensor | None = None) -> Tensor:
        """Map (B, asking, h, w) and (B, asked, h', w') to (B, d, h, w).

        ``kept`` (B, 1, 1, 1), 0 or 1, says whose projection is added; None: everyone's.
        """
        own: Tensor = self.project(asking)
        if self.gamma is None:
            return own
        cells = own.flatten(2).transpose(1, 2)  # (B, h·w, d)
        others = self.project_asked(asked).flatten(2).transpose(1, 2)  # (B, h'·w', d)
        scores = self.query(cells) @ self.key(others).transpose(1, 2) / math.sqrt(cells.shape[-1])
        weights: Tensor = self.tap(torch.softmax(scores.float(), dim=-1))
        out = (weights.to(others.dtype) @ self.value(others)).transpose(1, 2)
        crossed: Tensor = self.gamma * out.reshape(own.shape) + (own if kept is None else own * kept)
        return crossed


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


class FeaturePyramid(nn.Module):
    """Lateral 1x1 convolutions, top-down additions, a 3x3 convolution a level [1]; here pooled for a classifier.

    Departure: detection reads each level on its own; the classifier takes the mean over levels of each level's average.

    Args:
        widths: channels of the levels, finest first.
        width: channels of every level of the pyramid.
    """

    def __init__(self, widths: Sequence[int], width: int) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(nn.Conv2d(channels, width, 1) for channels in widths)
        self.smooth = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in widths)

    def levels(self, features: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Map features (B, widths[i], h_i, w_i), finest first, to (B, width, h_i, w_i) each."""
        merged = [lateral(x) for lateral, x in zip(self.lateral, features, strict=True)]
        for index in range(len(merged) - 2, -1, -1):
            above = F.interpolate(merged[index + 1], size=merged[index].shape[-2:], mode="nearest")
            merged[index] = merged[index] + above
        return tuple(smooth(x) for smooth, x in zip(self.smooth, merged, strict=True))

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Map features as in :meth:`levels` to the mean over levels of each level's average, a vector (B, width).

        No level is computed for it. Everything in the pyramid is linear, so the average of a 3x3 convolution's output
        is that convolution's weights times nine averages of its input (the whole map, and the map without its first or
        last row or column), and those are made of the same averages of the features below. The largest convolutions of
        the whole network, a quarter of a training step, become small products.
        """
        sizes = tuple((int(x.shape[2]), int(x.shape[3])) for x in features)
        of_taps: list[list[Tensor]] = [[] for _ in sizes]
        for level, (lateral, x) in enumerate(zip(self.lateral, features, strict=True)):
            assert isinstance(lateral, nn.Conv2d)  # noqa: S101 - as the constructor makes them
            assert lateral.bias is not None  # noqa: S101
            weights = torch.tensor(_tap_weights(sizes, level), dtype=x.dtype, device=x.device)
            averages = weights @ x.flatten(2).transpose(1, 2)  # (B, 9 (level + 1), widths[level])
            answers = F.linear(averages, lateral.weight.flatten(1)) + weights.sum(dim=1)[:, None] * lateral.bias
            for finer in range(level + 1):
                of_taps[finer].append(answers[:, 9 * finer : 9 * finer + 9])
        pooled: list[Tensor] = []
        for smooth, parts in zip(self.smooth, of_taps, strict=True):
            assert isinstance(smooth, nn.Conv2d)  # noqa: S101
            taps = torch.stack(parts).sum(dim=0).flatten(1)  # (B, 9 width)
            pooled.append(F.linear(taps, smooth.weight.permute(0, 2, 3, 1).flatten(1), smooth.bias))
        return torch.stack(pooled).mean(dim=0)


@lru_cache(maxsize=64)
def _tap_weights(sizes: tuple[tuple[int, int], ...], level: int) -> NDArray[np.float64]:
    """Return what each cell of ``level`` adds to the averages that the taps of the levels up to it see.

    Args:
        sizes: (h, w) of the levels, finest first.
        level: whose cells.

    Returns:
        (9 (level + 1), h w): for each finer or equal level its nine taps, row by row.
    """
    by_axis: list[list[NDArray[np.float64]]] = []
    for axis in (0, 1):
        sides = [size[axis] for size in sizes]
        by_axis.append([_axis_weights(sides[finest : level + 1]) for finest in range(level + 1)])
    taps = [rows[:, None, :, None] * columns[None, :, None, :] for rows, columns in zip(*by_axis, strict=True)]
    return np.concatenate([tap.reshape(9, -1) for tap in taps])


def _axis_weights(sides: Sequence[int]) -> NDArray[np.float64]:
    """Return (3, sides[-1]): how much each coarse cell adds to what the three taps see on average at the finest.

    Args:
        sides: cells along the axis, from the finest level to the one asked about, each the next one enlarged.
    """
    side = sides[0]
    seen = np.ones((3, side)) / side
    seen[0, -1] = 0.0  # the first tap never reaches the last cell (its window would leave the map), nor ...
    seen[2, 0] = 0.0  # ... the last tap the first cell
    for fine, coarse in pairwise(sides):
        enlarged = np.zeros((fine, coarse))
        enlarged[np.arange(fine), np.arange(fine) * coarse // fine] = 1.0  # as nearest interpolation takes them
        seen = seen @ enlarged
    return seen
