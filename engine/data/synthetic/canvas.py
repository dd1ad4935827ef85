"""A float canvas in face units: anti-aliased fills, soft shadows, strokes and splines, in as few pixels as they need.

Face units: the picture spans [-1, 1] in x (right) and y (down); widths and softness are in the same units.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]
Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Window = tuple[slice, slice]

_SHIFT = 4


@lru_cache(maxsize=64)
def _spline_basis(count: int, closed: bool, samples: int) -> NDArray[np.float64]:
    """Return the (M, count) matrix that turns control points into a Catmull-Rom curve through all of them."""
    segments = count if closed else count - 1
    t = np.arange(samples) / samples
    weights = 0.5 * np.stack([-(t**3) + 2 * t**2 - t, 3 * t**3 - 5 * t**2 + 2, -3 * t**3 + 4 * t**2 + t, t**3 - t**2])
    rows = np.zeros((segments * samples + (0 if closed else 1), count))
    for segment in range(segments):
        for k in range(4):
            index = segment + k - 1
            index = index % count if closed else min(max(index, 0), count - 1)
            rows[segment * samples : (segment + 1) * samples, index] += weights[k]
    if not closed:
        rows[-1, -1] = 1.0
    return rows


def spline(points: ArrayLike, *, closed: bool = False, samples: int = 6) -> Points:
    """Return a smooth curve (M, 2) through ``points`` (N, 2), ``samples`` steps between neighbours (Catmull-Rom)."""
    control = np.asarray(points, dtype=np.float64)
    return _spline_basis(len(control), closed, samples) @ control


class Canvas:
    """A square picture of ``size`` pixels, float32 RGB in [0, 1], shape (size, size, 3), drawn in face units."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.rgb: Floats = np.zeros((size, size, 3), np.float32)

    def pixels(self, points: ArrayLike) -> Points:
        """Return face-unit ``points`` (..., 2) as pixel coordinates whose integers are pixel centres."""
        return (np.asarray(points, dtype=np.float64) + 1.0) * (0.5 * self.size) - 0.5

    def sigma(self, soft: float) -> float:
        """Return a softness in face units as a standard deviation in pixels."""
        return soft * 0.5 * self.size

    def window(self, points: Points, pad: float) -> Window | None:
        """Return the slices that hold pixel ``points`` with ``pad`` pixels around, or None where that is off the canvas."""
        low = np.floor(points.min(axis=0) - pad).astype(int)
        high = np.ceil(points.max(axis=0) + pad).astype(int) + 1
        left, top = max(low[0], 0), max(low[1], 0)
        right, bottom = min(high[0], self.size), min(high[1], self.size)
        if left >= right or top >= bottom:
            return None
        return slice(top, bottom), slice(left, right)

    def polygon(self, points: ArrayLike, soft: float = 0.0) -> tuple[Floats, Window] | None:
        """Return the coverage in [0, 1] of a polygon (N, 2) with its edge softened by ``soft``, and where it lies."""
        pixels = self.pixels(points)
        sigma = self.sigma(soft)
        window = self.window(pixels, 3.0 * sigma + 1.5)
        if window is None:
            return None
        mask = np.zeros((window[0].stop - window[0].start, window[1].stop - window[1].start), np.uint8)
        local = np.rint((pixels - (window[1].start, window[0].start)) * (1 << _SHIFT)).astype(np.int32)
        cv2.fillPoly(mask, [local], 255, cv2.LINE_AA, _SHIFT)
        return self._soften(mask, sigma), window

    def line(self, points: ArrayLike, width: float, soft: float = 0.0, *, closed: bool = False) -> tuple[Floats, Window] | None:
        """Return the coverage in [0, 1] of a curve (N, 2) of ``width``; lines thinner than a pixel are fainter instead."""
        pixels = self.pixels(points)
        sigma = self.sigma(soft)
        thick = width * 0.5 * self.size
        window = self.window(pixels, 3.0 * sigma + thick + 1.5)
        if window is None:
            return None
        mask = np.zeros((window[0].stop - window[0].start, window[1].stop - window[1].start), np.uint8)
        local = np.rint((pixels - (window[1].start, window[0].start)) * (1 << _SHIFT)).astype(np.int32)
        level = round(255 * min(1.0, thick / max(1, round(thick))))
        cv2.polylines(mask, [local], closed, level, max(1, round(thick)), cv2.LINE_AA, _SHIFT)
        return self._soften(mask, sigma), window

    def hairs(self, lines: Points, width: float) -> tuple[Floats, Window] | None:
        """Return the coverage of many short lines (N, M, 2) of one ``width`` at once."""
        pixels = self.pixels(lines)
        thick = width * 0.5 * self.size
        window = self.window(pixels.reshape(-1, 2), thick + 1.5)
        if window is None:
            return None
        mask = np.zeros((window[0].stop - window[0].start, window[1].stop - window[1].start), np.uint8)
        local = np.rint((pixels - (window[1].start, window[0].start)) * (1 << _SHIFT)).astype(np.int32)
        level = round(255 * min(1.0, thick / max(1, round(thick))))
        cv2.polylines(mask, list(local), False, level, max(1, round(thick)), cv2.LINE_AA, _SHIFT)  # noqa: FBT003
        return self._soften(mask, 0.0), window

    @staticmethod
    def _soften(mask: Bytes, sigma: float) -> Floats:
        if sigma > 0.3:
            mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), sigma), np.uint8)
        return mask.astype(np.float32) * np.float32(1 / 255)

    def blend(self, shape: tuple[Floats, Window] | None, colour: ArrayLike, opacity: float = 1.0, clip: Floats | None = None) -> None:
        """Paint ``colour`` (3,) or (h, w, 3) through a coverage; ``clip`` (size, size) limits it further."""
        if shape is None:
            return
        mask, window = shape
        if clip is not None:
            mask = mask * clip[window]
        if opacity != 1.0:
            mask = mask * np.float32(opacity)
        part = self.rgb[window]
        part += mask[:, :, None] * (np.asarray(colour, np.float32) - part)

    def fill(self, points: ArrayLike, colour: ArrayLike, opacity: float = 1.0, *, soft: float = 0.0, clip: Floats | None = None) -> None:
        """Fill a polygon (N, 2) with ``colour``."""
        self.blend(self.polygon(points, soft), colour, opacity, clip)

    def stroke(  # noqa: PLR0913 - a stroke has this many properties, all but three by keyword
        self,
        points: ArrayLike,
        width: float,
        colour: ArrayLike,
        opacity: float = 1.0,
        *,
        soft: float = 0.0,
        clip: Floats | None = None,
        closed: bool = False,
    ) -> None:
        """Draw a curve (N, 2) of ``width`` in ``colour``."""
        self.blend(self.line(points, width, soft, closed=closed), colour, opacity, clip)

    def glow(self, centre: ArrayLike, radii: tuple[float, float]) -> tuple[Floats, Window] | None:
        """Return a Gaussian spot with standard deviations ``radii``, cut at three of them, and where it lies."""
        middle = np.asarray(centre, np.float64)
        box = self.pixels(np.stack([middle - 3 * np.asarray(radii), middle + 3 * np.asarray(radii)]))
        window = self.window(box, 0)
        if window is None:
            return None
        at = self.pixels(middle)
        columns = (np.arange(window[1].start, window[1].stop) - at[0]) / self.sigma(radii[0])
        rows = (np.arange(window[0].start, window[0].stop) - at[1]) / self.sigma(radii[1])
        spot = np.exp(-0.5 * rows**2)[:, None] * np.exp(-0.5 * columns**2)[None, :]
        return spot.astype(np.float32), window

    def full(self, shape: tuple[Floats, Window] | None) -> Floats:
        """Return a coverage as a full (size, size) array, zero outside its window."""
        whole = np.zeros((self.size, self.size), np.float32)
        if shape is not None:
            whole[shape[1]] = shape[0]
        return whole


def ellipse(centre: ArrayLike, radii: tuple[float, float], angle: float = 0.0, steps: int = 28) -> Points:
    """Return the outline (steps, 2) of an ellipse turned by ``angle`` radians."""
    turn = np.arange(steps) * (2 * np.pi / steps)
    x, y = radii[0] * np.cos(turn), radii[1] * np.sin(turn)
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.stack([x * cosine - y * sine, x * sine + y * cosine], axis=1) + np.asarray(centre, np.float64)
