"""LayerCAM: every cell has a weight of its own, the positive part of its gradient.

[1] P.-T. Jiang, C.-B. Zhang, Q. Hou, M.-M. Cheng, Y. Wei. LayerCAM: Exploring Hierarchical Class Activation Maps for
    Localization. IEEE TIP 30, 2021, eq. 5-7.

It assumes that a cell speaks for the class where its gradient is positive, by as much as it is active; what speaks
against the class is left out altogether. Unlike Grad-CAM it keeps detail in early layers, whose mean gradient says
little.
"""

from __future__ import annotations

from torch import Tensor, nn

from engine.explain.layer_gradients import layer_gradients
from engine.explain.target import ScalarFunction


def layercam(scalar_of: ScalarFunction, layer: nn.Module, x: Tensor) -> Tensor:
    """Return (B, h, w) float32: the sum over channels of ReLU(gradient) x activation, before the ReLU of [1, eq. 7].

    Arguments as of :func:`engine.explain.layer_gradients.layer_gradients`.
    """
    return layercam_of(*layer_gradients(scalar_of, layer, x))


def layercam_of(features: Tensor, gradients: Tensor) -> Tensor:
    """Return the map (B, h, w) of a layer's features and gradients, both (B, F, h, w)."""
    return (gradients.clamp(min=0.0) * features).sum(dim=1)
