"""Layers' feature maps and the gradients of the explained scalar by them: what LayerCAM and its kin are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from engine.explain.target import ScalarFunction


def layer_gradients(scalar_of: ScalarFunction, layer: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return (features, gradients) of one layer, as :func:`all_layer_gradients` does."""
    return all_layer_gradients(scalar_of, (layer,), x)[0]


def all_layer_gradients(
    scalar_of: ScalarFunction, layers: Sequence[nn.Module], x: Tensor
) -> tuple[tuple[Tensor, Tensor], ...]:
    """Return (features, gradients) of each layer, (B, F, h, w) float32, from one forward and one backward pass for all.

    No gradient of a weight is computed. The caller holds the model's lock: hooks sit on the layers meanwhile.

    Args:
        scalar_of: runs every layer once.
        layers: modules whose outputs are feature maps.
        x: normalised pictures (B, C, S, S).
    """
    kept: dict[int, Tensor] = {}

    def keeper(number: int) -> Callable[..., Tensor]:
        def keep(_module: nn.Module, _inputs: tuple[Any, ...], output: Tensor) -> Tensor:
            if not output.requires_grad:  # every weight up to here is frozen
                output = output.detach().requires_grad_()
            kept[number] = output
            return output.clone()  # what follows may work in place

        return keep

    handles = [layer.register_forward_hook(keeper(number)) for number, layer in enumerate(layers)]
    try:
        with torch.enable_grad():
            scalar = scalar_of(x)
            features = [kept[number] for number in range(len(layers))]
            gradients = torch.autograd.grad(scalar.sum(), features)
    finally:
        for handle in handles:
            handle.remove()
    return tuple((map_.detach().float(), slope.float()) for map_, slope in zip(features, gradients, strict=True))
