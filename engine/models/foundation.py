"""``cmaen``'s second pathway from EfficientNet-Lite0, and what makes its parts matter.

The first making showed parts that the answer did not hang on: gamma stayed at 0, and half of the gates changed nothing.
So here

- the pathway begins with ImageNet weights on two cores too, and hands on *two* grids as one: the last 1,280 features,
  which know what, enlarged beside the fifth stage's 112, which know where (6x6 cells at 96 pixels, not 3x3);
- gates begin open, so that what the pathway knows reaches the classifier from the first step;
- in training a picture sometimes loses one pathway [1], so that each must serve the other: without the foundation's own
  average, what it knows can only come through the cross-modal attention; without the projection of the asking features,
  only what was attended is left.

[1] N. Neverova et al. ModDrop: Adaptive Multi-Modal Gesture Recognition. TPAMI 2016, arXiv:1501.00102, section 3.3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.models.cmaen.attention import ScaleGate
from engine.models.lite0 import ATTENDED, CHANNELS, STAGES, Lite0Features
from engine.models.lite0_weights import begin_with_imagenet

FOUNDATIONS: Final[tuple[str, ...]] = ("efficientnetv2-s", "lite0")
"""What the second pathway can be."""

_GIVEN: Final[dict[int, tuple[tuple[float, ...], tuple[float, ...]]]] = {
    1: ((0.449,), (0.226,)),
    3: ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
}
"""Means and deviations that normalise ``cmaen``'s pictures, by channels; EfficientNet-Lite0 wants .5 and .5."""

FINE: Final = 5
"""The stage of EfficientNet-Lite0 whose grid the pathway's features have: a sixteenth of the side, rounded up."""


class Lite0Foundation(nn.Module):
    """EfficientNet-Lite0's features, coarse ones enlarged onto the grid of finer ones.

    Args:
        channels: of the picture, 1 or 3.
        pretrained: begin with the ImageNet weights.
        block_dropout: see :class:`engine.models.lite0.Lite0Features`.

    Attributes:
        outputs: channels of the features, 112 + 1,280.
        imagenet: bool buffer, (): whether the run began with the ImageNet weights.

    Raises:
        MissingExtraError: ``pretrained``, and the weights are not here.
    """

    imagenet: Tensor
    gain: Tensor
    shift: Tensor

    def __init__(self, channels: int, *, pretrained: bool = False, block_dropout: float = 0.0) -> None:
        super().__init__()
        self.features = Lite0Features(channels, block_dropout=block_dropout)
        self.outputs = STAGES[FINE - 1].outputs + CHANNELS
        if pretrained:
            begin_with_imagenet(self.features)
        self.register_buffer("imagenet", torch.tensor(pretrained))
        mean, deviation = (torch.tensor(values).view(1, -1, 1, 1) for values in _GIVEN[channels])
        self.register_buffer("gain", deviation / 0.5, persistent=False)
        self.register_buffer("shift", (mean - 0.5) / 0.5, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map pictures (B, channels, S, S) to features (B, 1392, ceil(S / 16), ceil(S / 16))."""
        levels = self.features.levels(x * self.gain + self.shift)
        fine, coarse = levels[ATTENDED.index(FINE)], levels[-1]
        enlarged = F.interpolate(coarse, size=fine.shape[-2:], mode="bilinear", align_corners=False)
        return torch.cat([fine, enlarged], dim=1)


def open_gates(module: nn.Module, start: float) -> None:
    """Let every gate of a multi-scale attention begin at ``start``, in (0, 1), for every picture and everywhere."""
    if not 0 < start < 1:
        raise ValueError(f"gates_start must lie between 0 and 1, got {start}")
    for gate in module.modules():
        if isinstance(gate, ScaleGate):
            last = gate.mlp[-1]
            assert isinstance(last, nn.Conv2d)  # noqa: S101 - as the constructor makes it
            assert last.bias is not None  # noqa: S101
            nn.init.zeros_(last.weight)
            nn.init.constant_(last.bias, math.log(start / (1 - start)))


@dataclass(frozen=True, eq=False)
class KeptPathways:
    """Which pathway each picture keeps, 1 or 0: ``asking`` (B, 1, 1, 1) the projection of the asking features,
    ``asked`` (B, 1) the foundation's own average. Never both lost."""

    asking: Tensor
    asked: Tensor


def kept_pathways(count: int, share: float, device: torch.device) -> KeptPathways:
    """Draw from torch's own generator: half of ``share`` of the pictures lose the one pathway, half the other."""
    drawn = torch.rand(count, device=device)
    asking = (drawn >= share / 2).float().view(-1, 1, 1, 1)
    asked = ((drawn < share / 2) | (drawn >= share)).float().view(-1, 1)
    return KeptPathways(asking, asked)
