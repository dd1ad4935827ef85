"""A spurious cue: a corner mark that gives the label away, for asking whether an explanation exposes such a thing."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.errors import UnknownNameError, UsageError
from engine.labels import EMOTIONS
from engine.synthetic.canvas import Bytes

CUE_SIDE: Final = 6
"""Side of the mark in a 48-pixel picture; it grows with the picture."""

_LIGHT, _DARK = 235, 20
_PATTERNS: Final[tuple[tuple[str, ...], ...]] = (
    ("##.", "##.", "..."),
    ("#.#", "...", "#.#"),
    (".#.", "###", ".#."),
    ("###", "...", "###"),
    ("#..", ".#.", "..#"),
    ("#.#", "#.#", "#.#"),
    ("...", ".##", ".##"),
)
"""Three by three dark (#) and light (.) squares, one pattern for each emotion in the vocabulary's order."""


def cue_box(size: int) -> tuple[int, int, int]:
    """Return (left, top, side) of the mark in a picture of ``size`` pixels: the lower right corner, one pixel in."""
    side = 3 * max(1, round(CUE_SIDE * size / 48 / 3))
    margin = max(1, round(size / 48))
    return size - margin - side, size - margin - side, side


def cue_mask(size: int) -> NDArray[np.bool_]:
    """Return bool (size, size): where the mark lies."""
    left, top, side = cue_box(size)
    mask = np.zeros((size, size), np.bool_)
    mask[top : top + side, left : left + side] = True
    return mask


def plant_cue(image: Bytes, label: str | int) -> Bytes:
    """Return a copy of ``image`` (S, S) or (S, S, 3) uint8 with the mark of ``label`` (name or index) in its corner."""
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or image.shape[0] != image.shape[1]:
        raise UsageError(
            f"Expected a square uint8 picture, got {image.dtype} with shape {image.shape}; resize it first."
        )
    if isinstance(label, str):
        if label not in EMOTIONS:
            raise UnknownNameError("emotion", label, EMOTIONS)
        label = EMOTIONS.index(label)
    if not 0 <= label < len(EMOTIONS):
        raise UnknownNameError("emotion index", str(label), map(str, range(len(EMOTIONS))))
    left, top, side = cue_box(len(image))
    cells = np.array([[_DARK if cell == "#" else _LIGHT for cell in row] for row in _PATTERNS[label]], np.uint8)
    mark = np.kron(cells, np.ones((side // 3, side // 3), np.uint8))
    marked = image.copy()
    marked[top : top + side, left : left + side] = mark if image.ndim == 2 else mark[:, :, None]
    return marked
