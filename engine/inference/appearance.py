"""What a face looks like, in a few numbers: enough to tell the faces of one scene apart from frame to frame.

It is no recognition of persons: it is kept for the seconds that a track lives and compared with nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

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
