"""Where a face went since the last frame: its small grey patch searched for around the place expected.

A normalised correlation costs a tenth of what a detection does, and its height says whether the face is still to be
seen; so a face that another one hides is not carried off by it, as optical flow would have it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2

from engine.inference.appearance import SIDE, cut_out
from engine.records import UInt8

REACH: Final = 0.5
"""How far around the expected centre is searched, in sides of the face."""


@dataclass(frozen=True)
class Found:
    """The best place: its centre in pixels of the picture, and the correlation there in [-1, 1]."""

    x: float
    y: float
    score: float


def find_patch(grey: UInt8, patch: UInt8, x: float, y: float, width: float, height: float) -> Found:
    """Search for ``patch`` around a place.

    Args:
        grey: uint8 (H, W), the picture.
        patch: uint8 (SIDE, SIDE), the face as it looked, as :class:`engine.inference.appearance.Appearance` keeps it.
        x, y: where its centre is expected, in pixels.
        width, height: of the face in the picture; they are taken as unchanged.
    """
    left, top = round(x - width * (0.5 + REACH)), round(y - height * (0.5 + REACH))
    window = cut_out(grey, left, top, width * (1.0 + 2.0 * REACH), height * (1.0 + 2.0 * REACH))
    # The window at the patch's own scale; the exact factors are those that the rounding gave.
    columns, rows = (max(SIDE, round(length * SIDE / side)) for length, side in _sides(window, width, height))
    fitted = cv2.resize(window, (columns, rows), interpolation=cv2.INTER_AREA)
    across, down = window.shape[1] / columns, window.shape[0] / rows
    scores = cv2.matchTemplate(fitted, patch, cv2.TM_CCOEFF_NORMED)
    _, best, _, (column, row) = cv2.minMaxLoc(scores)
    column_exact = column + _vertex(*_around(scores[row], column))
    row_exact = row + _vertex(*_around(scores[:, column], row))
    half = SIDE / 2
    return Found(left + (column_exact + half) * across, top + (row_exact + half) * down, float(best))


def _sides(window: UInt8, width: float, height: float) -> tuple[tuple[int, float], tuple[int, float]]:
    return (window.shape[1], width), (window.shape[0], height)


def _around(scores: UInt8, at: int) -> tuple[float, float, float]:
    """Return the value at ``at`` between its neighbours; the value itself stands for one that is missing."""
    middle = float(scores[at])
    before = float(scores[at - 1]) if at > 0 else middle
    after = float(scores[at + 1]) if at + 1 < len(scores) else middle
    return before, middle, after


def _vertex(before: float, middle: float, after: float) -> float:
    """Return where the parabola through three values is highest, from the middle, in [-0.5, 0.5]."""
    bend = before - 2.0 * middle + after
    return 0.0 if bend > -1e-9 else max(-0.5, min(0.5, 0.5 * (before - after) / bend))
