"""The explanation methods by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from torch import Tensor, nn

from engine.explain.gradcam import gradcam

MapFunction = Callable[[Callable[[Tensor], Tensor], nn.Module, Tensor], Tensor]


@dataclass(frozen=True)
class Method:
    """One method.

    Attributes:
        name: what ``--method`` takes.
        title: for people.
        signed: whether negative values are part of its map; otherwise they are cut off at 0, their range is kept apart.
        compute: (scalar function, layer, pictures (B, C, S, S)) → (B, h, w) before rectification.
        assumes: one sentence on what must hold for the map to mean something.
    """

    name: str
    title: str
    signed: bool
    compute: MapFunction
    assumes: str


METHODS: Final[dict[str, Method]] = {
    "gradcam": Method(
        name="gradcam",
        title="Grad-CAM",
        signed=False,
        compute=gradcam,
        assumes="A channel's average gradient says how much the channel matters wherever it is active.",
    ),
}
