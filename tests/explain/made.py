"""A net whose Grad-CAM can be worked out by hand."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from engine.errors import UnknownNameError


class TwoLayers(nn.Module):
    """Features A_f = c_f x, c = (1, -2); logits W GAP(A), W = ((3, 1), (-1, 2), (0, -4)).

    Every gradient is W / (h w).
    """

    explained_layers = ("features",)

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Conv2d(1, 2, 1, bias=False)
        self.output = nn.Linear(2, 3, bias=False)
        with torch.no_grad():
            self.features.weight.copy_(torch.tensor([1.0, -2.0]).view(2, 1, 1, 1))
            self.output.weight.copy_(torch.tensor([[3.0, 1.0], [-1.0, 2.0], [0.0, -4.0]]))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.output(self.features(x).mean(dim=(2, 3)))
        return out

    def activation_module(self, layer: str) -> nn.Module:
        if layer not in self.explained_layers:
            raise UnknownNameError("layer", layer, self.explained_layers)
        return self.features


CLASSES = ("angry", "happy", "sad")


def hooks_on(model: nn.Module) -> list[str]:
    """Name every hook that is registered anywhere on ``model``."""
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return [f"{name} {kind}" for name, module in model.named_modules() for kind in kinds if getattr(module, kind)]
