"""What surrounds a face and what a camera does to it: backdrop, reduction, blur, contrast, noise, a watermark.

A spurious cue: a corner mark that gives the label away, for asking whether an explanation exposes such a thing.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.errors import UnknownNameError, UsageError
from engine.labels import EMOTIONS
from engine.synthetic.canvas import Bytes, Canvas, Floats
from engine.synthetic.view import View


@lru_cache(maxsize=8)
def _ramp(size: int) -> Floats:
    return np.linspace(-1.0, 1.0, size, dtype=np.float32)


def paint_backdrop(canvas: Canvas, view: View) -> None:
    """Paint a soft wall of light behind the head, with blurred shapes where there is clutter."""
    size = canvas.size
    ramp = _ramp(size)
    side = -1.0 if view.light[0] > 0 else 1.0
    light = 1.0 - 0.13 * ramp[:, None] - 0.10 * side * ramp[None, :]
    canvas.paint[:] = np.clip(canvas.tone(view.backdrop) * light[:, :, None], 0.0, 1.0)
    if view.clutter > 0.3:
        rng = np.random.default_rng(view.seed)
        for _ in range(5):
            centre, radii = rng.uniform(-1.1, 1.1, 2), rng.uniform(0.10, 0.40, 2)
            tone = np.clip(np.asarray(view.backdrop) * rng.uniform(0.55, 1.4), 0.0, 1.0)
            canvas.blend(canvas.glow(centre, (radii[0], radii[1])), tone, 0.7 * view.clutter)


def expose(canvas: Canvas, view: View, size: int) -> Bytes:
    """Return what the camera saw: uint8 (size, size) grey or (size, size, 3) RGB, area-averaged from the canvas.

    Blur, contrast, brightness, watermark and noise come after the reduction, in this order.
    """
    picture = canvas.paint[:, :, 0] if canvas.planes == 1 else canvas.paint
    picture = np.asarray(cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA), np.float32)
    if view.blur > 0:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), max(0.2, view.blur * size / 48)), np.float32)
    picture = (picture - np.float32(0.5)) * np.float32(view.contrast) + np.float32(0.5 + view.brightness)
    if view.watermark:
        _watermark(picture, view, size)
    if view.noise > 0:
        grain = np.random.default_rng(view.seed + 1).standard_normal((size, size), np.float32)
        picture += (np.float32(view.noise) * grain)[..., None] if picture.ndim == 3 else np.float32(view.noise) * grain
    return np.asarray(np.clip(np.rint(picture * 255.0), 0, 255), np.uint8)


def _watermark(picture: Floats, view: View, size: int) -> None:
    scale = size / 48
    mask = np.zeros((size, size), np.uint8)
    place = (round(3 * scale), round((0.35 + 0.55 * (view.seed % 100) / 100) * size))
    cv2.putText(
        mask, view.watermark, place, cv2.FONT_HERSHEY_SIMPLEX, 0.42 * scale, 255, max(1, round(scale)), cv2.LINE_AA
    )
    share = mask.astype(np.float32) * np.float32(0.42 / 255)
    if picture.ndim == 3:
        share = share[:, :, None]
    picture += share * (np.float32(0.95) - picture)


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
