"""What surrounds a face and what a camera does to it: backdrop, reduction, blur, contrast, noise, a watermark."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

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
