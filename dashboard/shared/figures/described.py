"""A map in words, for those who cannot see it: where it is strongest, on which part of the face, how it is spread."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dashboard.report.subject import is_about_pictures
from dashboard.report.text import percent
from engine.edit.face_template import REGIONS, template_map
from engine.records import UInt8

EVEN: Final = 0.02
"""A map whose cells differ by no more than this share of the largest is called the same everywhere."""
GATHERED: Final = 0.45
"""Share of the mass from which it is said to lie in one third; an even map has a third of it there."""
BANDS: Final[tuple[str, ...]] = ("upper", "middle", "lower")
SIDES: Final[tuple[str, ...]] = ("left", "middle", "right")
PARTS: Final[dict[str, str]] = {
    "brows": "at the brows",
    "eyes": "at the eyes",
    "nose": "at the nose",
    "mouth": "at the mouth",
    "cheeks": "at the cheeks",
    "forehead": "at the forehead",
    "chin": "at the chin",
    "other_skin": "",
    "off_face": "beside the face",
}
"""Region of the template of aligned crops → how a sentence says it; right on average only, as that template is."""
_TEMPLATE: Final = 96
"""Side of the template that cells are looked up in."""

Map = NDArray[np.floating]


@cache
def _regions() -> UInt8:
    return template_map(_TEMPLATE)


def _place(values: Map) -> str:
    """Return where the largest value of a map (h, w) lies: ``lower middle, at the mouth``."""
    row, column = np.unravel_index(int(np.argmax(values)), values.shape)
    y, x = (float(row) + 0.5) / values.shape[0], (float(column) + 0.5) / values.shape[1]
    band, side = BANDS[min(int(3 * y), 2)], SIDES[min(int(3 * x), 2)]
    where = "centre" if band == side == "middle" else side if band == "middle" else f"{band} {side}"
    part = "" if is_about_pictures() else PARTS[REGIONS[int(_regions()[int(y * _TEMPLATE), int(x * _TEMPLATE)])]]
    return ", ".join(filter(None, (where, part)))


def thirds(values: Map) -> tuple[float, float, float]:
    """Return the shares of the mass of a map (h, w) >= 0 in its upper, middle and lower third; a row may be parted."""
    sums = np.concatenate(([0.0], np.cumsum(values.sum(axis=1, dtype=np.float64))))
    edges = np.interp([0.0, 1 / 3, 2 / 3, 1.0], np.linspace(0.0, 1.0, len(sums)), sums)
    first, second, third = np.diff(edges) / sums[-1]
    return float(first), float(second), float(third)


def _positive(values: Map) -> str:
    shares = thirds(values)
    best = int(np.argmax(shares))
    spread = (
        f"{percent(shares[best])} of it in the {BANDS[best]} third"
        if shares[best] >= GATHERED
        else "spread over the whole height"
    )
    return f"strongest in the {_place(values)}; {spread}"


def where_words(values: Map, *, signed: bool = False) -> str:
    """Say where a map lies: ``strongest in the lower middle, at the mouth; 60 % of it in the lower third``.

    Args:
        values: (h, w), any range. signed: whether values below zero speak against; then both sides are told.
    """
    reach = float(np.abs(values).max())
    if reach == 0.0:
        return "zero everywhere"
    if float(values.max() - values.min()) <= EVEN * reach:
        return "the same everywhere"
    if signed:
        sides = ((values.clip(min=0.0), "positive"), ((-values).clip(min=0.0), "negative"))
        return "; ".join(f"{name} values {_positive(side)}" for side, name in sides if side.any())
    return _positive(values.clip(min=0.0)) if (values > 0.0).any() else "no positive values"
