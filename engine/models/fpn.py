"""Feature pyramid: coarse features, which know what, are added to fine ones, which know where.

[1] T.-Y. Lin et al. Feature Pyramid Networks for Object Detection. CVPR 2017, arXiv:1612.03144, section 3.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
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
        """Map features as in :meth:`levels` to a vector (B, width)."""
        return torch.stack([level.mean(dim=(2, 3)) for level in self.levels(features)]).mean(dim=0)
