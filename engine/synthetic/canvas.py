"""A float canvas in face units: anti-aliased fills, soft shadows, strokes and splines, in as few pixels as they need.

Face units: the picture spans [-1, 1] in x (right) and y (down); widths and softness are in the same units.
"""

from __future__ import annotations

import math
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]
Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Ints = NDArray[np.int32]
Window = tuple[slice, slice]

_SHIFT, _ONE = 4, 16
LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Weights of red, green and blue in a grey picture (ITU-R BT.601)."""


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


def splines(points: Points, *, samples: int = 6) -> Points:
    """Return smooth curves (K, M, 2) through K rows of control points (K, N, 2) at once."""
    return np.asarray(_spline_basis(points.shape[1], False, samples) @ points)


@lru_cache(maxsize=512)
def _toned(colour: tuple[float, ...], planes: int) -> Floats:
    """Return one RGB colour as (3,), or as its luma (1,) for a grey canvas."""
    given = np.asarray(colour, np.float32)
    return given if planes == 3 else np.asarray(given @ LUMA, np.float32)[None]


class Canvas:
    """A square picture of ``size`` pixels, drawn in face units.

    Attributes:
        planes: 3 for RGB, 1 for grey; a grey canvas takes RGB colours and keeps their luma, at a third of the work.
        paint: float32 (size, size, planes) in [0, 1].
    """

    def __init__(self, size: int, planes: int = 3) -> None:
        self.size = size
        self.planes = planes
        self.paint: Floats = np.zeros((size, size, planes), np.float32)

    def tone(self, colour: ArrayLike) -> Floats:
        """Return an RGB colour (..., 3) as this canvas keeps it, (..., planes)."""
        if isinstance(colour, tuple):
            return _toned(colour, self.planes)
        given = np.asarray(colour, np.float32)
        if self.planes == 3 or given.shape[-1] == 1:
            return given
        return np.asarray(given @ LUMA, np.float32)[..., None]

    def pixels(self, points: ArrayLike) -> Points:
        """Return face-unit ``points`` (..., 2) as pixel coordinates whose integers are pixel centres."""
        return (np.asarray(points, dtype=np.float64) + 1.0) * (0.5 * self.size) - 0.5

    def sigma(self, soft: float) -> float:
        """Return a softness in face units as a standard deviation in pixels."""
        return soft * 0.5 * self.size

    def _fixed(self, points: ArrayLike, pad: float) -> tuple[Ints, Window] | None:
        """Return face-unit ``points`` (..., 2) in sixteenths of a pixel from the window's corner, and the window.

        The window holds the points with ``pad`` pixels around; None where that is off the canvas.
        """
        half = 0.5 * self.size
        placed = np.asarray(points, np.float64) * (_ONE * half)
        placed += _ONE * (half - 0.5)
        fixed = np.rint(placed, out=placed).astype(np.int32)
        x, y, width, height = cv2.boundingRect(fixed.reshape(-1, 2))
        left, top = max(math.floor(x / _ONE - pad), 0), max(math.floor(y / _ONE - pad), 0)
        right = min(math.ceil((x + width) / _ONE + pad) + 1, self.size)
        bottom = min(math.ceil((y + height) / _ONE + pad) + 1, self.size)
        if left >= right or top >= bottom:
            return None
        fixed[..., 0] -= left * _ONE
        fixed[..., 1] -= top * _ONE
        return fixed, (slice(top, bottom), slice(left, right))

    def polygon(self, points: ArrayLike, soft: float = 0.0) -> tuple[Floats, Window] | None:
        """Return the coverage in [0, 1] of a polygon (N, 2), or of many (K, N, 2), softened, and where it lies."""
        sigma = self.sigma(soft)
        placed = self._fixed(points, 3.0 * sigma + 1.5)
        if placed is None:
            return None
        fixed, window = placed
        mask = np.zeros((window[0].stop - window[0].start, window[1].stop - window[1].start), np.uint8)
        cv2.fillPoly(mask, [fixed] if fixed.ndim == 2 else list(fixed), 255, cv2.LINE_AA, _SHIFT)
        return self._soften(mask, sigma), window

    def line(
        self, points: ArrayLike, width: float, soft: float = 0.0, *, closed: bool = False
    ) -> tuple[Floats, Window] | None:
        """Return the coverage in [0, 1] of a curve (N, 2), or of many (K, N, 2), of ``width``.

        Lines thinner than a pixel are drawn fainter instead.
        """
        sigma = self.sigma(soft)
        thick = width * 0.5 * self.size
        placed = self._fixed(points, 3.0 * sigma + thick + 1.5)
        if placed is None:
            return None
        fixed, window = placed
        mask = np.zeros((window[0].stop - window[0].start, window[1].stop - window[1].start), np.uint8)
        whole = max(1, round(thick))
        level = round(255 * min(1.0, thick / whole))
        cv2.polylines(mask, [fixed] if fixed.ndim == 2 else list(fixed), closed, level, whole, cv2.LINE_AA, _SHIFT)
        return self._soften(mask, sigma), window

    @staticmethod
    def _soften(mask: Bytes, sigma: float) -> Floats:
        if sigma > 0.5:  # a finer softness is what anti-aliasing gives already
            mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), sigma), np.uint8)
        return mask.astype(np.float32) * np.float32(1 / 255)

    def blend(
        self, shape: tuple[Floats, Window] | None, colour: ArrayLike, opacity: float = 1.0, clip: Floats | None = None
    ) -> None:
        """Paint ``colour``, RGB (3,) or toned (h, w, planes), through a coverage and ``clip`` (size, size)."""
        if shape is None:
            return
        mask, window = shape
        if clip is not None:
            mask = mask * clip[window]
        if opacity != 1.0:
            mask = mask * np.float32(opacity)
        part = self.paint[window]
        change = self.tone(colour) - part
        change *= mask[:, :, None]
        part += change

    def fill(
        self,
        points: ArrayLike,
        colour: ArrayLike,
        opacity: float = 1.0,
        *,
        soft: float = 0.0,
        clip: Floats | None = None,
    ) -> None:
        """Fill a polygon (N, 2) with ``colour``."""
        self.blend(self.polygon(points, soft), colour, opacity, clip)

    def stroke(
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

    def glow(self, centre: Points, radii: tuple[float, float]) -> tuple[Floats, Window] | None:
        """Return a Gaussian spot with standard deviations ``radii``, cut at three of them, and where it lies."""
        across = self._bell(float(centre[0]), radii[0])
        down = self._bell(float(centre[1]), radii[1])
        if across is None or down is None:
            return None
        return (down[0][:, None] * across[0][None, :]).astype(np.float32), (down[1], across[1])

    def _bell(self, middle: float, radius: float) -> tuple[NDArray[np.float64], slice] | None:
        """Return one side of a Gaussian spot, float64 (n,), and which pixels it covers; None off the canvas."""
        half = 0.5 * self.size
        scale, offset = _ONE * half, _ONE * (half - 0.5)
        low = round((middle - 3.0 * radius) * scale + offset)
        high = round((middle + 3.0 * radius) * scale + offset)
        start = max(math.floor(low / _ONE), 0)
        stop = min(math.ceil((high + 1) / _ONE) + 1, self.size)
        if start >= stop:
            return None
        bell = (_places(self.size)[start:stop] - ((middle + 1.0) * half - 0.5)) / self.sigma(radius)
        return np.exp(-0.5 * bell**2), slice(start, stop)

    def full(self, shape: tuple[Floats, Window] | None) -> Floats:
        """Return a coverage as a full (size, size) array, zero outside its window."""
        whole = np.zeros((self.size, self.size), np.float32)
        if shape is not None:
            whole[shape[1]] = shape[0]
        return whole


@lru_cache(maxsize=8)
def _places(size: int) -> NDArray[np.float64]:
    return np.arange(size, dtype=np.float64)


@lru_cache(maxsize=8)
def _circle(steps: int) -> Points:
    turn = np.arange(steps) * (2 * np.pi / steps)
    return np.stack([np.cos(turn), np.sin(turn)], axis=1)


def ellipse(centre: ArrayLike, radii: tuple[float, float], angle: float = 0.0, steps: int = 28) -> Points:
    """Return the outline (steps, 2) of an ellipse turned by ``angle`` radians."""
    cosine, sine = math.cos(angle), math.sin(angle)
    axes = np.array([[radii[0] * cosine, radii[0] * sine], [-radii[1] * sine, radii[1] * cosine]])
    return np.asarray(_circle(steps) @ axes + np.asarray(centre, np.float64))
