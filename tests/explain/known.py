"""Nets whose truth is known by construction, and a check that a shared model came back as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from engine.errors import UnknownNameError
from engine.models.taps import AttentionTap
from engine.records import GateKind, InputSpec
from tests.explain.made import CLASSES, hooks_on

__all__ = ["BLOCK", "CLASSES", "SPEC", "Gated", "OneBlock", "ReluBlock", "noise", "unchanged"]

SPEC = InputSpec(size=16, channels=1, mean=(0.0,), std=(1.0,))
"""Pictures are read as they are, in [0, 1]."""

BLOCK = (slice(4, 8), slice(8, 12))
"""The only pixels that :class:`OneBlock` reads: one cell of a 4x4 grid on 16x16 pixels, row 1, column 2."""


def noise(count: int, seed: int = 0, side: int = 16) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, side, side), dtype=np.uint8)


class OneBlock(nn.Module):
    """Logits (gain b, 0, -gain b), b the mean of BLOCK in [0, 1]; nothing else of the picture is read.

    ``features`` is the picture times the block's mask, so that a gradient map at it shows the block.
    """

    explained_layers = ("features",)

    def __init__(self, gain: float = 8.0) -> None:
        super().__init__()
        self.features = nn.Conv2d(1, 1, 1, bias=False)
        self.output = nn.Linear(1, 3, bias=False)
        mask = torch.zeros(1, 1, 16, 16)
        mask[:, :, BLOCK[0], BLOCK[1]] = 1.0
        self.register_buffer("mask", mask)
        with torch.no_grad():
            self.features.weight.fill_(1.0)
            self.output.weight.copy_(torch.tensor([[gain], [0.0], [-gain]]))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.output(self.features(x * self.mask).mean(dim=(2, 3)) * 16.0)
        return out

    def activation_module(self, layer: str) -> nn.Module:
        if layer not in self.explained_layers:
            raise UnknownNameError("layer", layer, self.explained_layers)
        return self.features


class ReluBlock(nn.Module):
    """As :class:`OneBlock`, with two channels (b, relu(b - 1/4) / 2 cell by cell) behind a ReLU that works in place.

    Args:
        gain: 0 makes a model that answers the same whatever it sees.
    """

    explained_layers = ("features",)

    def __init__(self, gain: float = 8.0) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 2, 1), nn.ReLU(inplace=True))
        self.output = nn.Linear(2, 3)
        mask = torch.zeros(1, 1, 16, 16)
        mask[:, :, BLOCK[0], BLOCK[1]] = 1.0
        self.register_buffer("mask", mask)
        with torch.no_grad():
            self.features[0].weight.copy_(torch.tensor([1.0, 0.5]).view(2, 1, 1, 1))
            self.features[0].bias.copy_(torch.tensor([0.0, -0.125]))
            self.output.weight.copy_(gain * torch.tensor([[1.0, 0.5], [0.0, 0.0], [-1.0, -0.5]]))
            self.output.bias.copy_(torch.tensor([0.3, 0.2, 0.1]))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.output(self.features(x * self.mask).mean(dim=(2, 3)) * 16.0)
        return out

    def activation_module(self, layer: str) -> nn.Module:
        if layer not in self.explained_layers:
            raise UnknownNameError("layer", layer, self.explained_layers)
        return self.features


class Gated(nn.Module):
    """Features times a gate of any kind, then logits = summed features @ W.

    Args:
        gate: features (B, 2, 16, 16) to weights as a gate of ``kind`` multiplies them; for ``cross`` and ``emotion``
            the weights multiply by their mean over what does not fit.
        kind: the gate's.
        weight: W, (2, 16, 16, 3).
    """

    def __init__(self, gate: Callable[[Tensor], Tensor], kind: GateKind, weight: Tensor) -> None:
        super().__init__()
        self.gate = gate
        self.tap = AttentionTap("the.gate", kind)
        self.weight = nn.Parameter(weight)

    def forward(self, x: Tensor) -> Tensor:
        features = torch.cat([x, 1.0 - x], dim=1)
        gated = features * self.tap(self.gate(features))
        return torch.einsum("bchw,chwk->bk", gated, self.weight)


@contextmanager
def unchanged(model: nn.Module) -> Iterator[None]:
    """Check that weights, buffers, modes, gradients, gradient flags and hooks are afterwards as they were before."""

    def state() -> dict[str, object]:
        return {
            "modes": [module.training for module in model.modules()],
            "wanted": [parameter.requires_grad for parameter in model.parameters()],
            "gradients": [parameter.grad for parameter in model.parameters()],
            "hooks": hooks_on(model),
            "modules": [id(module) for module in model.modules()],
        }

    before, values = state(), {key: value.clone() for key, value in model.state_dict().items()}
    random = torch.get_rng_state()
    try:
        yield
    finally:
        assert state() == before
        assert all(torch.equal(value, values[key]) for key, value in model.state_dict().items())
        assert torch.equal(torch.get_rng_state(), random), "the random numbers of others were drawn from"
