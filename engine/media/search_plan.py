"""Where to look for faces in a picture of any size: which scales, which tiles, and again where one may be.

A detector is given pieces of a few hundred pixels a side, in which a face is neither too small nor cut. Large faces are
looked for in the whole picture made small, small ones in tiles at full size; in between the scale falls by
:data:`STEP`. Tiles overlap by what a face at most measures there that the next smaller scale would miss. Where a face
may be, but is too small or too turned to be sure of, a second look is enlarged and turned.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.records import Float32, UInt8

SIDE: Final = 960
"""Longest side of a piece in pixels."""
OVERLAP: Final = 160
"""Pixels that neighbouring tiles share."""
STEP: Final = 4.0
"""From one scale to the next; a face that just fits the overlap here has :data:`OVERLAP` / 4 = 40 pixels there."""
SHORT_SIDE: Final = 192
"""Thumbnails are enlarged to this."""
ANGLES: Final = (0.0, 30.0, -30.0)
"""Degrees by which a second look is turned; the detector itself bears 15 to 20."""
CLOSE_SIDE: Final = 96
"""Side in pixels of a second look."""
CLOSE_FACE: Final = 44.0
"""Longer side in pixels of the face in it."""
QUICK_SIDE: Final = 640
"""Longest side of the one piece where time presses."""
BORDER: Final = 0.1
"""Share of the short side by which edges are repeated, so that a face that fills its picture has room around it."""
THUMBNAIL_BORDER: Final = 0.25
"""The same of a thumbnail, which mostly is such a face."""
_MULTIPLE: Final = 32


@dataclass(frozen=True, eq=False)
class Look:
    """One piece of a picture for a detector.

    Attributes:
        scale: of the picture that is made small first, at most 1.
        matrix: float64 (2, 3), from pixels of the piece to pixels of that picture.
        width, height: of the piece, multiples of 32.
    """

    scale: float
    matrix: NDArray[np.float64]
    width: int
    height: int

    def take(self, pixels: UInt8, shrunk: dict[float, UInt8]) -> UInt8:
        """Return the piece, uint8 (height, width, 3); ``shrunk`` keeps the small pictures from look to look."""
        if self.scale not in shrunk:
            height, width = pixels.shape[:2]
            small = (max(1, round(width * self.scale)), max(1, round(height * self.scale)))
            shrunk[self.scale] = (
                pixels if self.scale == 1.0 else cv2.resize(pixels, small, interpolation=cv2.INTER_AREA)
            )
        return np.asarray(
            cv2.warpAffine(
                shrunk[self.scale],
                self.matrix,
                (self.width, self.height),
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REPLICATE,
            ),
            dtype=np.uint8,
        )

    @property
    def back_scale(self) -> float:
        """Pixels of the picture for one of the piece."""
        return float(np.hypot(self.matrix[0, 0], self.matrix[1, 0])) / self.scale

    def back(self, points: Float32) -> Float32:
        """Return points (N, 2) of the piece in pixels of the picture."""
        ones = np.ones((len(points), 1))
        return np.asarray(np.hstack([points, ones]) @ self.matrix.T / self.scale, dtype=np.float32)


def plan(width: int, height: int, *, thorough: bool = True) -> tuple[Look, ...]:
    """Return the pieces of a ``width`` x ``height`` picture to look at.

    Args:
        width, height: pixels, 1 or more.
        thorough: at every scale; else the whole picture once, at :data:`QUICK_SIDE`.
    """
    longest = max(width, height)
    scale = largest = max(1.0, SHORT_SIDE / min(width, height))
    if not thorough:
        return (_whole(width, height, min(largest, QUICK_SIDE / longest)),)
    looks = []
    while longest * scale > SIDE:
        looks += _tiles(width, height, scale)
        scale /= STEP
    return (_whole(width, height, min(largest, SIDE / longest)), *looks)


def closer(x: float, y: float, side: float) -> tuple[Look, ...]:
    """Return second looks, one an angle, at what may be a face around (x, y), ``side`` pixels of the picture long."""
    scale = CLOSE_FACE / side
    shrink = min(1.0, scale)
    looks = []
    for angle in ANGLES:
        c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        turn = np.array([[c, -s], [s, c]]) * (shrink / scale)
        shift = np.array([x, y]) * shrink - turn @ np.array([CLOSE_SIDE / 2, CLOSE_SIDE / 2])
        looks.append(Look(shrink, np.hstack([turn, shift[:, None]]), CLOSE_SIDE, CLOSE_SIDE))
    return tuple(looks)


def _whole(width: int, height: int, scale: float) -> Look:
    """Return the whole picture at a scale, its edges repeated around it."""
    border = (THUMBNAIL_BORDER if min(width, height) < SHORT_SIDE else BORDER) * min(width, height) * scale
    return _piece(scale, (-border, -border), width * scale + 2 * border, height * scale + 2 * border)


def _tiles(width: int, height: int, scale: float) -> list[Look]:
    """Return the tiles of the picture at a scale."""
    across, down = width * scale, height * scale
    return [
        _piece(scale, (left, top), min(SIDE, across), min(SIDE, down))
        for top in _starts(down)
        for left in _starts(across)
    ]


def _piece(scale: float, corner: tuple[float, float], width: float, height: float) -> Look:
    """Return what lies right and below of ``corner``, in pixels of the picture at ``scale``."""
    shrink = min(1.0, scale)
    factor = shrink / scale
    matrix = np.array([[factor, 0.0, corner[0] * factor], [0.0, factor, corner[1] * factor]])
    return Look(shrink, matrix, _up(width), _up(height))


def _starts(length: float) -> list[float]:
    """Return where tiles begin along a side: the first at 0, the last at its end, overlapping by OVERLAP or more."""
    if length <= SIDE:
        return [0.0]
    count = math.ceil((length - OVERLAP) / (SIDE - OVERLAP))
    return [number * (length - SIDE) / (count - 1) for number in range(count)]


def _up(length: float) -> int:
    return max(_MULTIPLE, math.ceil(length / _MULTIPLE) * _MULTIPLE)
