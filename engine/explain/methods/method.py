"""What is said of an explanation method, and what one is given to work with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import torch
from torch import Tensor, nn

from engine.data.transforms import normalise
from engine.explain.methods.settings import BASELINE, CELLS, NOISE, SAMPLES, STEPS, Setting, Values, checked, words
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

MID_GREY: Final = BASELINE.usual
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
    baseline: float = BASELINE.usual
    seed: int = 0
    steps: int = int(STEPS.usual)
    cells: int = int(CELLS.usual)
    samples: int = int(SAMPLES.usual)
    noise: float = NOISE.usual

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


_PIXELS: Final = 64 * 48 * 48


def rows_of(x: Tensor) -> int:
    """Return how many pictures of the size of x (B, C, S, S) go through in one pass: 64 of 48 pixels, fewer of larger.

    It bounds the memory, and how long one pass of a large network lasts, between which work can be stopped.
    """
    return max(4, min(64, _PIXELS // (x.shape[-2] * x.shape[-1])))


Setups = Setup | Mapping[str, Setup]
"""What methods work with: one for all of them, or method → its own; a method that is not there takes the usual."""


def setup_of(setups: Setups | None, method: str, spec: InputSpec) -> Setup:
    """Return what a method works with."""
    if isinstance(setups, Setup):
        return setups
    return (setups or {}).get(method) or Setup(spec)


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
        settings: what a person may set.
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
    settings: tuple[Setting, ...] = ()

    def __post_init__(self) -> None:
        if self.grid not in GRIDS or self.cost not in COSTS:
            raise ValueError(f"expected a grid among {sorted(GRIDS)} and a cost among {COSTS}, got {self}")
        if self.forwards < 1 or self.backwards < 0:
            raise ValueError(f"expected one forward pass or more of {self.name}, got {self.forwards}, {self.backwards}")
        if self.grid == "layer" and not self.needs_layer:
            raise ValueError(f"expected {self.name}, whose map has the layer's grid, to need a layer")
        usual = self.price([(setting.name, setting.usual) for setting in self.settings])
        if usual != (self.forwards, self.backwards):
            raise ValueError(f"expected the passes of {self.name} at its usual settings, {usual}, got {self}")

    def values(self, asked: Mapping[str, float], spec: InputSpec) -> Values:
        """Return the value of every setting, as asked for or usual.

        Raises:
            UsageError: the method has no such setting, or the value is out of bounds.
        """
        return checked(self.settings, asked, min(spec.height, spec.width), self.title)

    def values_in(self, setup: Setup) -> Values:
        """Return the settings that a setup says for this method."""
        return tuple((setting.name, float(getattr(setup, setting.name))) for setting in self.settings)

    def unusual(self, values: Iterable[tuple[str, float]]) -> str:
        """Return the settings that are not the usual ones in words, ``steps 100``; empty where none is."""
        usual = {setting.name: setting.usual for setting in self.settings}
        return words((name, value) for name, value in values if value != usual.get(name))

    def setup(self, values: Iterable[tuple[str, float]], spec: InputSpec, *, seed: int = 0) -> Setup:
        """Return what the method works with at these values, which :meth:`values` checked."""
        whole = {setting.name for setting in self.settings if setting.whole}
        how: dict[str, Any] = {name: int(value) if name in whole else value for name, value in values}
        return Setup(spec, seed=seed, **how)

    def price(self, values: Iterable[tuple[str, float]] = ()) -> tuple[int, int]:
        """Return the forward and backward passes of a map at these values, at most; without any: the usual ones."""
        at = dict(values)
        for setting in self.settings:
            if setting.price is not None and setting.name in at:
                return setting.price(at[setting.name])
        return self.forwards, self.backwards

    @property
    def passes(self) -> str:
        """The cost of a map at its usual settings in words: ``50 forward, 50 backward``."""
        return self.passes_at()

    def passes_at(self, values: Iterable[tuple[str, float]] = ()) -> str:
        """Return the cost of a map at these settings in words."""
        forwards, backwards = self.price(values)
        if self.a_channel:
            return f"a forward for each channel of the layer, at most {forwards}"
        return f"{forwards:,} forward" + (f", {backwards:,} backward" if backwards else "")
