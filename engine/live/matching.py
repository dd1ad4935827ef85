"""Which found face is which known one: the assignment that is best for all of them together.

[1] H. W. Kuhn. The Hungarian method for the assignment problem. Naval Research Logistics Quarterly 2, 1955 (solved
    here by SciPy's ``linear_sum_assignment``).

What a face looks like, in a few numbers: enough to tell the faces of one scene apart from frame to frame.

It is no recognition of persons: it is kept for the seconds that a track lives and compared with nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from scipy.optimize import linear_sum_assignment

from engine.records import Float32, UInt8

SIDE: Final = 24
"""Side of the grey patch in pixels."""
_SLACK: Final = 2
_BINS: Final = (12, 6)  # hue and saturation: skin, hair and collar differ in both, and neither follows the brightness


@dataclass(frozen=True, eq=False)
class Appearance:
    """A face's looks.

    Attributes:
        patch: uint8 (SIDE, SIDE) grey, the box reduced.
        colours: float32 (72,), histogram of hue and saturation, sums to 1.
    """

    patch: UInt8
    colours: Float32

    def blended(self, other: Appearance, share: float) -> Appearance:
        """Return this appearance moved towards ``other`` by ``share`` in [0, 1]."""
        patch = cv2.addWeighted(self.patch, 1.0 - share, other.patch, share, 0.0)
        return Appearance(patch, ((1.0 - share) * self.colours + share * other.colours).astype(np.float32))


def cut_out(picture: UInt8, left: float, top: float, width: float, height: float) -> UInt8:
    """Return the pixels of a rectangle, uint8 (h, w[, 3]), at least 1 x 1; outside the picture its edge is repeated."""
    rows = np.arange(round(top), max(round(top) + 1, round(top + height)))
    columns = np.arange(round(left), max(round(left) + 1, round(left + width)))
    rows, columns = np.clip(rows, 0, picture.shape[0] - 1), np.clip(columns, 0, picture.shape[1] - 1)
    return np.ascontiguousarray(picture[rows[:, None], columns[None, :]])


def patch_of(grey: UInt8, left: float, top: float, width: float, height: float) -> UInt8:
    """Return a rectangle of ``grey``, uint8 (H, W), reduced to (SIDE, SIDE)."""
    reduced: UInt8 = cv2.resize(cut_out(grey, left, top, width, height), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return reduced


def appearance_of(picture: UInt8, left: float, top: float, width: float, height: float) -> Appearance:
    """Return the appearance of a rectangle of ``picture``, uint8 (H, W, 3) RGB."""
    pixels = cv2.resize(cut_out(picture, left, top, width, height), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    patch = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    hsv = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV)
    histogram = cv2.calcHist([hsv], [0, 1], None, list(_BINS), [0, 180, 0, 256]).ravel()
    return Appearance(patch, (histogram / histogram.sum()).astype(np.float32))


def similarity(one: Appearance, two: Appearance) -> float:
    """Return how alike two faces look, in [0, 1]: the mean of the patches' correlation and of the colours' overlap.

    The correlation is the best one within two pixels of the patch either way, because boxes jitter, and is cut off at
    0; the overlap is Bhattacharyya's coefficient.
    """
    core = one.patch[_SLACK:-_SLACK, _SLACK:-_SLACK]
    scores = cv2.matchTemplate(two.patch, core, cv2.TM_CCOEFF_NORMED)
    correlation = float(scores.max()) if float(core.std()) > 0.0 else 0.0
    overlap = float(np.sqrt(one.colours * two.colours).sum())
    return 0.5 * min(1.0, max(0.0, correlation)) + 0.5 * min(1.0, overlap)


LARGEST_RATIO: Final = 1.8
"""Of the sides of one face, a moment apart."""
LEAST_ALIKE: Final = 0.62
"""Similarity that a face out of sight must have to be taken for the same again; in sight its place speaks for it."""
LEAST_ALIKE_IN_SIGHT: Final = 0.4
LOOKS: Final = 0.6
"""Weight of the looks against the place, which gets the rest: where two faces cross, the place is what misleads."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A face to match: centre and size in pixels, looks, and seconds since it was last seen (0 for a found one)."""

    x: float
    y: float
    width: float
    height: float
    looks: Appearance
    unseen_seconds: float = 0.0


def overlap(one: Candidate, two: Candidate) -> float:
    """Return the intersection over the union of two boxes, in [0, 1]."""
    across = min(one.x + one.width / 2, two.x + two.width / 2) - max(one.x - one.width / 2, two.x - two.width / 2)
    down = min(one.y + one.height / 2, two.y + two.height / 2) - max(one.y - one.height / 2, two.y - two.height / 2)
    common = max(0.0, across) * max(0.0, down)
    return common / (one.width * one.height + two.width * two.height - common)


def affinity(known: Candidate, found: Candidate) -> float:
    """Return how well a found face continues a known one, in (0, 1], or 0 where it cannot.

    The place is where the known one is expected now. The longer it was out of sight, the farther off it may be: two
    sides of the face a second, beside the half of one that is always allowed; never more than two.
    """
    side = (known.width * known.height * found.width * found.height) ** 0.25
    ratio = side**2 / (found.width * found.height)  # of the sides: the root of the areas' ratio
    allowed = min(2.0, 0.5 + 2.0 * known.unseen_seconds)
    distance = float(np.hypot(known.x - found.x, known.y - found.y)) / side
    if distance > allowed or not 1.0 / LARGEST_RATIO <= ratio <= LARGEST_RATIO:
        return 0.0
    alike = similarity(known.looks, found.looks)
    if alike < (LEAST_ALIKE_IN_SIGHT if known.unseen_seconds == 0.0 else LEAST_ALIKE):
        return 0.0
    near = overlap(known, found) if known.unseen_seconds == 0.0 else 1.0 - distance / allowed
    return max(1e-6, LOOKS * alike + (1.0 - LOOKS) * near)


def match(known: Sequence[Candidate], found: Sequence[Candidate]) -> tuple[tuple[int, int], ...]:
    """Return (index of known, index of found) pairs, each index at most once, with the largest sum of affinities."""
    if not known or not found:
        return ()
    table = np.array([[affinity(one, two) for two in found] for one in known])
    rows, columns = linear_sum_assignment(table, maximize=True)
    return tuple((int(row), int(column)) for row, column in zip(rows, columns, strict=True) if table[row, column] > 0.0)
