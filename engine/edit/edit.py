"""What a person changes on a face to see what the model makes of it: one frozen record.

Places are regions by name or brush strokes in 256ths of the crop, so an edit can be put on any face at any size.

A brush stroke over a face, in coordinates that do not depend on the crop's size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.edit.fills import FILLS
from engine.edit.regions import Bool
from engine.errors import UnknownNameError, UsageError

STEPS: Final = 256
"""A crop's width, and its height, in quantised steps: a point is the middle of step 0 to 255."""

Point = tuple[int, int]
"""(x, y), from the left and from the top, 0 to 255."""


@dataclass(frozen=True)
class Stroke:
    """A round brush drawn along a polyline.

    Attributes:
        points: where it went, one or more.
        diameter: of the brush, 1 to 255, in 256ths of the crop's shorter side.
    """

    points: tuple[Point, ...]
    diameter: int

    def __post_init__(self) -> None:
        if not self.points or any(not 0 <= part < STEPS for point in self.points for part in point):
            raise UsageError(
                f"A brush stroke needs points from 0 to {STEPS - 1}, got {list(self.points)[:4]}; draw it."
            )
        if not 1 <= self.diameter < STEPS:
            raise UsageError(
                f"A brush is 1 to {STEPS - 1} 256ths of the face wide, got {self.diameter}; choose another."
            )


def simplified(stroke: Stroke, tolerance: float) -> Stroke:
    """Return the stroke with the points that stray less than ``tolerance`` steps from the line left out.

    D. Douglas, T. Peucker. Algorithms for the reduction of the number of points required to represent a digitized line.
    Cartographica 1973. The ends stay.
    """
    line = np.array(stroke.points, np.int32).reshape(-1, 1, 2)
    kept = cv2.approxPolyDP(line, tolerance, closed=False).reshape(-1, 2)
    points = tuple((int(x), int(y)) for x, y in kept)
    if len(points) > 1 and len(set(points)) == 1:  # it never left its place
        points = points[:1]
    return Stroke(points, stroke.diameter)


def _distance(
    x: NDArray[np.float64], y: NDArray[np.float64], start: Sequence[float], end: Sequence[float]
) -> np.ndarray:
    """Return the distance of each pixel centre to the segment from ``start`` to ``end``: float64, shape of ``x``."""
    across, down = end[0] - start[0], end[1] - start[1]
    length = across * across + down * down
    along = np.zeros_like(x) if length == 0.0 else ((x - start[0]) * across + (y - start[1]) * down) / length
    along = np.clip(along, 0.0, 1.0)
    return np.hypot(x - start[0] - along * across, y - start[1] - along * down)


def covered(strokes: Sequence[Stroke], height: int, width: int) -> Bool:
    """Return bool (height, width): the pixels whose centre lies under any stroke."""
    under = np.zeros((height, width), np.bool_)
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    for stroke in strokes:
        at = [((px + 0.5) * width / STEPS, (py + 0.5) * height / STEPS) for px, py in stroke.points]
        radius = stroke.diameter * min(height, width) / STEPS / 2.0
        for start, end in zip(at, at[1:] or at, strict=False):
            under |= _distance(x, y, start, end) <= radius
    return under


def unturned(points: Sequence[tuple[float, float]], degrees: float) -> tuple[Point, ...]:
    """Return where points of a turned face lie on the face before it was turned, in steps.

    Args:
        points: (x, y) each as a share of the width and height, 0 to 1, of a square crop.
        degrees: counter-clockwise, by which the crop was turned about its middle.
    """
    angle = np.deg2rad(degrees)
    at = np.asarray(points, dtype=np.float64).reshape(-1, 2) - 0.5
    back = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])  # y runs down
    steps = np.clip(np.floor((at @ back.T + 0.5) * STEPS), 0, STEPS - 1).astype(int)
    return tuple((int(x), int(y)) for x, y in steps)


DEFAULT_FILL: Final = next(iter(FILLS))


@dataclass(frozen=True)
class Span:
    """What a number of an edit may be: whole steps from ``low`` to ``high``; ``neutral`` changes nothing."""

    low: int
    high: int
    neutral: int
    unit: str


SPANS: Final[dict[str, Span]] = {
    "brightness": Span(-50, 50, 0, "% of the range from black to white, added"),
    "contrast": Span(20, 200, 100, "% of the differences from the mean"),
    "rotation": Span(-90, 90, 0, "degrees counter-clockwise"),
    "blur_tenths": Span(0, 40, 0, "tenths of a pixel, standard deviation"),
}
"""The numbers of an edit by the name of their field."""


@dataclass(frozen=True)
class Edit:
    """An edit of one face; the default changes nothing. :mod:`engine.edit.apply` says in which order it is applied.

    Attributes:
        strokes: of the brush; what lies under them is hidden.
        hidden: names of regions that are hidden.
        fill: what stands in for what is hidden, a key of FILLS.
        swapped: names of regions taken from a second face.
        brightness, contrast, rotation, blur_tenths: see :data:`SPANS`.
    """

    strokes: tuple[Stroke, ...] = ()
    hidden: tuple[str, ...] = ()
    fill: str = DEFAULT_FILL
    swapped: tuple[str, ...] = ()
    brightness: int = SPANS["brightness"].neutral
    contrast: int = SPANS["contrast"].neutral
    rotation: int = SPANS["rotation"].neutral
    blur_tenths: int = SPANS["blur_tenths"].neutral

    def __post_init__(self) -> None:
        if self.fill not in FILLS:
            raise UnknownNameError("fill", self.fill, FILLS)
        for what, names in (("hidden", self.hidden), ("swapped", self.swapped)):
            if len(set(names)) < len(names):
                raise UsageError(f"Each region is {what} once at most, got {', '.join(names)}; name it once.")
        for name, span in SPANS.items():
            value = getattr(self, name)
            if not isinstance(value, int) or not span.low <= value <= span.high:
                raise UsageError(f"{name} is a whole number from {span.low} to {span.high}, got {value}; choose one.")

    @property
    def is_identity(self) -> bool:
        """Whether it changes nothing; a fill with nothing to fill does not count."""
        return not (self.strokes or self.hidden or self.swapped) and all(
            getattr(self, name) == span.neutral for name, span in SPANS.items()
        )
