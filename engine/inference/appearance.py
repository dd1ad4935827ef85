"""What a face looks like, in a few numbers: enough to tell the faces of one scene apart from frame to frame.

It is no recognition of persons: it is kept for the seconds that a track lives and compared with nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.records import Float32, UInt8

SIDE: Final = 24
"""Side of the grey patch in pixels."""
_BINS: Final = (12, 6)  # hue and saturation: skin, hair and collar differ in both, and neither follows the brightness


@dataclass(frozen=True, eq=False)
class Appearance:
    """A face's looks.

    Attributes:
        patch: uint8 (SIDE, SIDE) grey, the box reduced.
        shape: float32 (SIDE * SIDE,), the patch without its mean, of length 1 (0 for a flat patch).
        colours: float32 (72,), histogram of hue and saturation, sums to 1.
    """

    patch: UInt8
    shape: Float32
    colours: Float32

    def blended(self, other: Appearance, share: float) -> Appearance:
        """Return this appearance moved towards ``other`` by ``share`` in [0, 1]."""
        patch = cv2.addWeighted(self.patch, 1.0 - share, other.patch, share, 0.0)
        colours = ((1.0 - share) * self.colours + share * other.colours).astype(np.float32)
        return Appearance(patch, _shape(patch), colours)


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
    return Appearance(patch, _shape(patch), (histogram / histogram.sum()).astype(np.float32))


def similarity(one: Appearance, two: Appearance) -> float:
    """Return how alike two faces look, in [0, 1]: the mean of the patches' correlation and of the colours' overlap.

    The correlation is cut off at 0; the overlap is Bhattacharyya's coefficient.
    """
    correlation = max(0.0, float(one.shape @ two.shape))
    overlap = float(np.sqrt(one.colours * two.colours).sum())
    return min(1.0, 0.5 * correlation + 0.5 * overlap)


def _shape(patch: UInt8) -> Float32:
    values: NDArray[np.float32] = patch.astype(np.float32).ravel()
    values -= values.mean()
    length = float(np.linalg.norm(values))
    return values / np.float32(length) if length > 1e-3 else np.zeros_like(values)
