"""Score-CAM: how much does the answer rise when the picture is shown through one channel's activation alone?

[1] H. Wang et al. Score-CAM: Score-Weighted Visual Explanations for Convolutional Neural Networks. CVPR Workshops 2020,
    arXiv:1910.01279, definitions 2 and 3.

It assumes that a picture covered but for a channel's smooth mask is still a picture to the model. No gradients.

Departures: covered pixels turn to the baseline (mid grey unless said) and not to whatever 0 is to the model. A
channel's weight is its increase of the score over the blank picture as in [1, definition 3], without the softmax over
channels that [1, algorithm 1] adds: a softmax always gives 1 in sum, so that even a model that reads nothing would get
a vivid map. A channel that is the same everywhere masks nothing and has weight 0.
"""

from __future__ import annotations

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.explain.methods.method import Setup
from engine.explain.target import ScalarFunction

_ROWS: Final = 64
"""Pictures in one forward pass; bounds the memory."""


@torch.no_grad()
def scorecam(scalar_of: ScalarFunction, layer: nn.Module, x: Tensor, setup: Setup) -> Tensor:
    """Return Score-CAM before its ReLU: (B, h, w) float32, the sum over channels of increase x activation.

    As many forward passes as the layer has channels, and two. The caller holds the model's lock: a hook sits on
    ``layer`` during the first.

    Args:
        scalar_of: runs ``layer`` once.
        layer: a module whose output is a feature map (B, F, h, w).
        x: normalised pictures (B, C, S, S).
        setup: its baseline.
    """
    features = _features(scalar_of, layer, x)
    blank = setup.blank(x)
    empty = scalar_of(blank)
    low, high = features.amin(dim=(2, 3), keepdim=True), features.amax(dim=(2, 3), keepdim=True)
    varied = ((high - low).flatten(1) > 0.0).nonzero()
    increase = torch.zeros(features.shape[:2], device=x.device)
    for start in range(0, len(varied), _ROWS):  # channels of several pictures together, so that every pass is full
        picture, channel = varied[start : start + _ROWS].unbind(dim=1)
        masks = F.interpolate(features[picture, channel][:, None], size=x.shape[2:], mode="bilinear")
        below = masks.amin(dim=(2, 3), keepdim=True)
        masks = (masks - below) / (masks.amax(dim=(2, 3), keepdim=True) - below).clamp(min=1e-12)
        shown = blank[picture] + masks * (x[picture] - blank[picture])
        increase[picture, channel] = scalar_of(shown, picture).float() - empty[picture].float()
    return torch.einsum("bf,bfhw->bhw", increase, features)


def _features(scalar_of: ScalarFunction, layer: nn.Module, x: Tensor) -> Tensor:
    kept: list[Tensor] = []
    handle = layer.register_forward_hook(lambda _module, _inputs, output: kept.append(output.float().clone()))
    try:
        scalar_of(x)
    finally:
        handle.remove()
    return kept[0]
