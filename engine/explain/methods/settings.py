"""What a person may set on a method: its name, usual value and bounds, and what a map costs at a value.

Settings are said as words, ``steps=100``, the same on the command line, in a page's address and in reports.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from engine.errors import UsageError, shown

Values = tuple[tuple[str, float], ...]
"""A method's settings with their values, in its own order."""

Price = Callable[[float], tuple[int, int]]
"""A setting's value → forward and backward passes of a map."""


@dataclass(frozen=True)
class Setting:
    """One setting, an attribute of :class:`engine.explain.methods.method.Setup`.

    Attributes:
        name: of the attribute.
        title: for people.
        means: one sentence on what it does.
        usual: its value unless said.
        low, high: bounds, both allowed.
        step: of a slider.
        whole: whether it is a count.
        a_side: whether it counts cells a side of the picture, so that a small picture bounds it, too.
        price: what a map costs by it; None: it costs nothing.
    """

    name: str
    title: str
    means: str
    usual: float
    low: float
    high: float
    step: float
    whole: bool = False
    a_side: bool = False
    price: Price | None = None

    def __post_init__(self) -> None:
        if not self.low <= self.usual <= self.high or self.step <= 0.0:
            raise ValueError(f"expected a usual value within its bounds and a step above 0, got {self}")

    def most(self, side: int) -> float:
        """Return the highest value for pictures whose shorter side has so many pixels."""
        return min(self.high, side) if self.a_side else self.high

    def checked(self, value: float, side: int, of: str) -> float:
        """Return a value that may be taken, a whole number for a count.

        Args:
            value: asked for. side: the shorter side of the model's pictures, in pixels. of: the method's title.

        Raises:
            UsageError: it is out of bounds, no number, or no whole one where it counts.
        """
        most = self.most(side)
        if not math.isfinite(value) or not self.low <= value <= most or (self.whole and value != round(value)):
            kind = "a whole number" if self.whole else "a number"
            raise UsageError(
                f"Expected {self.name} of {of} as {kind} from {self.low:g} to {most:g}, got {value:g}; choose another."
            )
        return float(round(value)) if self.whole else float(value)


STEPS: Final = Setting(
    "steps",
    "Steps",
    "Points on the way from the baseline to the picture: more make the sum of the map closer to the answer.",
    usual=50, low=2, high=500, step=1, whole=True, price=lambda n: (int(n), int(n)),
)  # fmt: skip
SAMPLES: Final = Setting(
    "samples",
    "Samples",
    "Noisy copies of the picture whose gradients are averaged: more make the map calmer.",
    usual=25, low=1, high=300, step=1, whole=True, price=lambda n: (int(n), int(n)),
)  # fmt: skip
CELLS: Final = Setting(
    "cells",
    "Cells a side",
    "The window: each of so many cells a side is covered in turn; more are smaller windows.",
    usual=8, low=2, high=32, step=1, whole=True, a_side=True, price=lambda n: (int(n) ** 2 + 1, 0),
)  # fmt: skip
BASELINE: Final = Setting(
    "baseline",
    "Baseline",
    "The grey that means “nothing is there”, 0 black to 1 white.",
    usual=0.5, low=0.0, high=1.0, step=0.05,
)  # fmt: skip
NOISE: Final = Setting(
    "noise",
    "Noise",
    "Standard deviation of the noise on each copy, where 1 is from black to white.",
    usual=0.1, low=0.01, high=0.5, step=0.01,
)  # fmt: skip


def checked(settings: Iterable[Setting], asked: Mapping[str, float], side: int, of: str) -> Values:
    """Return every setting's value, as asked for or usual.

    Args:
        settings: a method's. asked: name → value, of any of them. side, of: see :meth:`Setting.checked`.

    Raises:
        UsageError: a name is no setting of the method, or a value out of bounds.
    """
    known = {setting.name: setting for setting in settings}
    for name in asked:
        if name not in known:
            has = ", ".join(known) or "none"
            raise UsageError(f"{of} has no setting '{shown(name)}'; it has: {has}.")
    return tuple(
        (name, setting.checked(asked[name], side, of) if name in asked else min(setting.usual, setting.most(side)))
        for name, setting in known.items()
    )


def words(values: Iterable[tuple[str, float]]) -> str:
    """Return ``steps 100, baseline 0.5``."""
    return ", ".join(f"{name} {value:g}" for name, value in values)


def read(text: str) -> tuple[str, str, float]:
    """Read ``steps=100`` or ``occlusion.baseline=0``: (method or empty for each that has it, setting, value).

    Raises:
        UsageError: it is neither, or its value no number.
    """
    left, equals, value = text.partition("=")
    method, _, name = left.strip().rpartition(".")
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not equals or not name or math.isnan(number):
        raise UsageError(
            f"Expected a setting as NAME=VALUE, as in steps=100 or occlusion.baseline=0, got '{shown(text)}'."
        )
    return method.strip(), name.strip(), number
