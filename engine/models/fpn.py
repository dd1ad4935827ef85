"""Feature pyramid: coarse features, which know what, are added to fine ones, which know where.

[1] T.-Y. Lin et al. Feature Pyramid Networks for Object Detection. CVPR 2017, arXiv:1612.03144, section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn


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
