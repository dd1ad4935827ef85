"""HiResCAM: gradient times activation, cell by cell, summed over channels.

[1] R. L. Draelos, L. Carin. Use HiResCAM instead of Grad-CAM for faithful explanations of convolutional neural
    networks. 2020, arXiv:2011.08891, section 3.2.

Grad-CAM averages the gradient over cells first, and may so mark cells that the answer does not rest on. Where a linear
layer follows, this map is exact: its cells sum to the logit less the bias [1, section 3.3]. That needs both signs, so
the map keeps them; it assumes that the layers behind are near linear.
"""

from __future__ import annotations

from torch import Tensor, nn

from engine.explain.layer_gradients import layer_gradients
from engine.explain.target import ScalarFunction


def hirescam(scalar_of: ScalarFunction, layer: nn.Module, x: Tensor) -> Tensor:
    """Return (B, h, w) float32, signed; arguments as of :func:`engine.explain.layer_gradients.layer_gradients`."""
    return hirescam_of(*layer_gradients(scalar_of, layer, x))


def hirescam_of(features: Tensor, gradients: Tensor) -> Tensor:
    """Return the map (B, h, w) of a layer's features and gradients, both (B, F, h, w)."""
    return (gradients * features).sum(dim=1)
