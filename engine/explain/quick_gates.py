"""Channel and spatial gates with a derivative that reads the features half as often; answers are the gates' own.

A gate does little arithmetic on large maps, so it waits for memory. Its output is x times weights, and the weights know
x only by a mean and maxima, which are small. So the derivative by x is the weights' share plus what flows back through
the mean (the same for all it was taken over) plus what flows back through the maxima (to where they are), written once,
where automatic differentiation writes a map as large as x for each. Equal maxima share the derivative in the gates
themselves; here the first one has all of it, which matters where two channels agree to the last bit and not where both
are 0, for a ReLU before the gate stops it there.

Taps are passed by: what is recorded and edited is the model's own gate.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.models.attention import ChannelGate, SpatialGate


def _cells(x: Tensor) -> Tensor:
    """Return features (N, C, h, w) as (N, h · w, C)."""
    return x.permute(0, 2, 3, 1).flatten(1, 2)


class QuickChannelGate(nn.Module):
    """:class:`engine.models.attention.ChannelGate` over features that nobody else needs afterwards."""

    def __init__(self, gate: ChannelGate) -> None:
        super().__init__()
        self.mlp = gate.mlp

    def look(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return means (N, C, 1, 1), maxima of 4x4 cells (N, C, h / 4, w / 4), and where in h · w these are."""
        maxima, at = F.max_pool2d(x, 4, ceil_mode=True, return_indices=True)
        return x.mean(dim=(2, 3), keepdim=True), maxima, at

    def weigh(self, mean: Tensor, maxima: Tensor) -> Tensor:
        """Return the weights (N, C, 1, 1)."""
        logits = self.mlp(mean.flatten(1)) + self.mlp(maxima.amax(dim=(2, 3)))
        return torch.sigmoid(logits)[:, :, None, None]

    @staticmethod
    def add_at(slope: Tensor, at: Tensor, values: Tensor) -> None:
        """Add values (N, C, h / 4, w / 4) to the slope (N, C, h, w), colours innermost, at their places, in place."""
        same_memory = slope.permute(0, 2, 3, 1).view(len(slope), -1, slope.shape[1])
        same_memory.scatter_add_(1, _cells(at), _cells(values))

    def forward(self, x: Tensor) -> Tensor:
        """Map features (N, C, h, w) to gated ones; without derivatives in their place."""
        return _gated(x, self)


class QuickSpatialGate(nn.Module):
    """:class:`engine.models.attention.SpatialGate` over features that nobody else needs afterwards."""

    def __init__(self, gate: SpatialGate) -> None:
        super().__init__()
        self.conv, self.norm = gate.conv, gate.norm

    def look(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return means and maxima over channels, both (N, 1, h, w), and which channels the maxima are."""
        maxima, at = x.max(dim=1, keepdim=True)
        return x.mean(dim=1, keepdim=True), maxima, at

    def weigh(self, mean: Tensor, maxima: Tensor) -> Tensor:
        """Return the weights (N, 1, h, w)."""
        return torch.sigmoid(self.norm(self.conv(torch.cat([maxima, mean], dim=1))))

    @staticmethod
    def add_at(slope: Tensor, at: Tensor, values: Tensor) -> None:
        """Add values (N, 1, h, w) to the slope (N, C, h, w) in their channels, in place."""
        slope.scatter_add_(1, at, values)

    def forward(self, x: Tensor) -> Tensor:
        """Map features (N, C, h, w) to gated ones; without derivatives in their place."""
        return _gated(x, self)


QuickGate = QuickChannelGate | QuickSpatialGate


def _gated(x: Tensor, gate: QuickGate) -> Tensor:
    if torch.is_grad_enabled() and x.requires_grad:
        out: Tensor = _Gated.apply(x, gate)
        return out
    mean, maxima, _ = gate.look(x)
    return x.mul_(gate.weigh(mean, maxima))


class _Gated(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, gate: QuickGate) -> Tensor:
        mean, maxima, at = gate.look(x)
        with torch.enable_grad():  # a small graph of its own, from the statistics to the weights
            mean, maxima = mean.requires_grad_(), maxima.requires_grad_()
            weights = gate.weigh(mean, maxima)
        ctx.save_for_backward(x, at)
        ctx.gate, ctx.small = gate, (mean, maxima, weights)
        return x * weights.detach()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        x, at = ctx.saved_tensors
        mean, maxima, weights = ctx.small
        arrived = gradients[0].contiguous(memory_format=torch.channels_last)
        upon = (arrived * x).sum_to_size(weights.shape)
        by_mean, by_maxima = torch.autograd.grad(weights, (mean, maxima), upon)
        each = by_mean / (x[0].numel() // mean[0].numel())  # what a mean was taken over has equal shares
        slope = torch.addcmul(each, arrived, weights.detach())
        ctx.gate.add_at(slope, at, by_maxima)
        return slope, None
