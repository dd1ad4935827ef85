"""What is said of an explanation method, and what one is given to work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import torch
from torch import Tensor, nn

from engine.data.transforms import normalise
from engine.explain.target import ScalarFunction
from engine.records import InputSpec

Grid = Literal["layer", "pixels", "cells", "attending"]
GRIDS: Final[dict[Grid, str]] = {
    "layer": "the layer's own grid",
    "pixels": "the picture's pixels",
    "cells": "the cells that are covered in turn",
    "attending": "the cells that attend to each other",
}
"""What a map's native grid may be, each with words for people."""

Cost = Literal["one pass", "few passes", "many passes"]
COSTS: Final[tuple[Cost, ...]] = ("one pass", "few passes", "many passes")

MID_GREY: Final = 0.5
"""The pixel that stands for "nothing there", unless said, on the scale from 0 (black) to 1 (white)."""


@dataclass(frozen=True)
class Setup:
    """What a method needs to know beside the model and the pictures; the methods take from it what concerns them.

    Attributes:
        spec: the model's input, by which pixels become what the model sees.
        baseline: the pixel that stands for "nothing there", 0 (black) to 1 (white): where integrated gradients start,
            what DeepLIFT compares with, what occlusion and Score-CAM cover with.
        seed: of every draw.
        steps: points on the path of integrated gradients.
        cells: covered cells a side, of occlusion.
        samples: noisy copies, of SmoothGrad.
        noise: standard deviation of their noise, where 1 is from black to white.
    """

    spec: InputSpec
    baseline: float = MID_GREY
    seed: int = 0
    steps: int = 50
    cells: int = 8
    samples: int = 25
    noise: float = 0.1

    def __post_init__(self) -> None:
        if not 0.0 <= self.baseline <= 1.0:
            raise ValueError(f"expected a baseline from 0 (black) to 1 (white), got {self.baseline}")
        most = min(self.spec.height, self.spec.width)
        if min(self.steps, self.samples) < 1 or not 2 <= self.cells <= most or self.noise <= 0.0:
            raise ValueError(
                f"expected 1 step and sample or more, 2 to {most} cells and noise above 0, got {self.steps}, "
                f"{self.samples}, {self.cells} and {self.noise}"
            )

    def blank(self, x: Tensor) -> Tensor:
        """Return normalised pictures of the baseline alone, shaped as ``x`` (B, C, S, S)."""
        return normalise(torch.full_like(x, self.baseline), self.spec)


MapFunction = Callable[[ScalarFunction, nn.Module, Tensor, Setup], Tensor]
Refusal = Callable[[nn.Module, Tensor], str | None]


def takes_all(_model: nn.Module, _x: Tensor) -> str | None:
    """Refuse no model."""
    return None


@dataclass(frozen=True)
class Method:
    """One method.

    Attributes:
        name: what ``--method`` takes.
        title: for people.
        paper: where it comes from.
        assumes: one sentence on what must hold for the map to mean something.
        needs_layer: whether it is computed at a layer; otherwise the map's layer is empty and ``compute`` ignores it.
        signed: whether negative values are part of its map; otherwise they are cut off at 0, their range is kept apart.
        grid: the map's native grid, a key of GRIDS.
        cost: ``one pass`` is a forward and a backward pass in one; such a method runs the pictures once, unchanged.
        forwards, backwards: passes of a map, at most.
        a_channel: whether ``forwards`` is one for each channel of the layer, and stands for the most of a layer here.
        compute: (scalar function, layer, normalised pictures (B, C, S, S), setup) → (B, h, w) float32 before
            rectification. The caller holds the model's lock.
        refusal: (model, a picture (1, C, S, S)) → why this model cannot be explained so, in a sentence, or None. The
            caller holds the model's lock.
        class_agnostic: its map is the same for every class, whatever the target.
    """

    name: str
    title: str
    paper: str
    assumes: str
    needs_layer: bool
    signed: bool
    grid: Grid
    cost: Cost
    compute: MapFunction
    forwards: int
    backwards: int = 0
    a_channel: bool = False
    refusal: Refusal = takes_all
    class_agnostic: bool = False

    def __post_init__(self) -> None:
        if self.grid not in GRIDS or self.cost not in COSTS:
            raise ValueError(f"expected a grid among {sorted(GRIDS)} and a cost among {COSTS}, got {self}")
        if self.forwards < 1 or self.backwards < 0:
            raise ValueError(f"expected one forward pass or more of {self.name}, got {self.forwards}, {self.backwards}")
        if self.grid == "layer" and not self.needs_layer:
            raise ValueError(f"expected {self.name}, whose map has the layer's grid, to need a layer")

    @property
    def passes(self) -> str:
        """The cost of a map in words: ``50 forward, 50 backward``."""
        if self.a_channel:
            return f"a forward for each channel of the layer, at most {self.forwards}"
        return f"{self.forwards} forward" + (f", {self.backwards} backward" if self.backwards else "")
