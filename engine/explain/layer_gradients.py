"""A layer's feature map and the gradient of the explained scalar by it: what LayerCAM and HiResCAM are made of."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from engine.explain.target import ScalarFunction


def layer_gradients(scalar_of: ScalarFunction, layer: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return (features, gradients), both (B, F, h, w) float32, from one forward and one backward pass.

    The caller holds the model's lock: a hook sits on ``layer`` meanwhile.

    Args:
        scalar_of: runs ``layer`` once.
        layer: a module whose output is a feature map.
        x: normalised pictures (B, C, S, S).
    """
    kept: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        if not output.requires_grad:  # every weight up to here is frozen
            output = output.detach().requires_grad_()
        kept.append(output)
        return output.clone()  # what follows may work in place

    handle = layer.register_forward_hook(keep)
    try:
        with torch.enable_grad():
            scalar = scalar_of(x)
            (gradients,) = torch.autograd.grad(scalar.sum(), kept[0])
    finally:
        handle.remove()
    return kept[0].detach().float(), gradients.float()
