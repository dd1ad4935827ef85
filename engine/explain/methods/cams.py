"""Grad-CAM through Captum's LayerGradCam.

[1] R. R. Selvaraju et al. Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization. ICCV 2017,
    arXiv:1610.02391, eq. 1-2.

It assumes that a channel's mean gradient tells how much that channel matters wherever it is active. It keeps the
layer's native grid (Captum's own upsampling is not used) and the range before the ReLU, so that "no positive evidence"
can be told from "flat".
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn


def gradcam(scalar_of: Callable[[Tensor], Tensor], layer: nn.Module, x: Tensor) -> Tensor:
    """Return Grad-CAM before its ReLU.

    One forward and one backward pass. The caller holds the model's lock: Captum's hook sits on ``layer`` meanwhile.

    Args:
        scalar_of: maps pictures to the explained scalar, (B, C, S, S) → (B,); it must run ``layer``.
        layer: a module whose output is a feature map (B, F, h, w).
        x: normalised pictures (B, C, S, S).

    Returns:
        (B, h, w) float32, signed: sum over F of (mean gradient x activation).
    """
    from captum.attr import LayerGradCam  # only explaining needs Captum; training machines may lack it

    with torch.enable_grad():
        attributions = LayerGradCam(scalar_of, layer).attribute(x, relu_attributions=False)
    maps: Tensor = attributions.detach().float().squeeze(1)
    return maps


def gradcam_of(features: Tensor, gradients: Tensor) -> Tensor:
    """Return the same map (B, h, w) from a layer's features and gradients (B, F, h, w), where these are there [1]."""
    return (gradients.mean(dim=(2, 3), keepdim=True) * features).sum(dim=1)
