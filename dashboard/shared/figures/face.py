"""A picture with its faces boxed, numbered as the face picker numbers them."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dashboard.shared.figures.colours import emotion_rgb
from engine.records import PicturePrediction, UInt8

LONGEST: Final = 1200
"""Longest side of the drawn picture in pixels; more is never shown and only slows the page."""
SHORTEST: Final = 430
"""What the longest side of a small picture is brought to, so that boxes and numbers are drawn in full sharpness."""


def _ink_on(color: tuple[int, int, int]) -> tuple[int, int, int]:
    """Return black or white, whichever reads better on ``color`` (Rec. 601 luma)."""
    luma = 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2]
    return (0, 0, 0) if luma > 140 else (255, 255, 255)


def boxed_picture(pixels: UInt8, prediction: PicturePrediction, chosen: int = 0) -> UInt8:
    """Draw the faces' boxes in their emotion's colour, the chosen one thicker: (H, W, 3) uint8, 1,200 at most.

    Args:
        pixels: (H, W, 3) uint8 RGB, the upright picture.
        prediction: its faces; those without a box (none was found) leave the picture as it is.
        chosen: index of the face that the page explains.
    """
    picture = Image.fromarray(pixels).convert("RGB")
    factor = min(max(1.0, SHORTEST / max(picture.size)), LONGEST / max(picture.size))
    if factor != 1.0:
        picture = picture.resize(
            (round(picture.width * factor), round(picture.height * factor)), Image.Resampling.LANCZOS
        )
    draw = ImageDraw.Draw(picture)
    # Line and letters keep their weight on the page whatever the picture's own size.
    unit = max(1, round(max(picture.size) / 260))
    font = ImageFont.load_default(size=max(9, 6 * unit))
    for index, face in enumerate(prediction.faces):
        if face.box is None:
            continue
        left, top = round(face.box.x * factor), round(face.box.y * factor)
        right = round((face.box.x + face.box.width) * factor) - 1
        bottom = round((face.box.y + face.box.height) * factor) - 1
        color = emotion_rgb(face.prediction.label)
        width = unit * (2 if index == chosen else 1)
        draw.rectangle((left, top, max(left, right), max(top, bottom)), outline=color, width=width)
        if len(prediction.faces) > 1:
            label = str(index + 1)
            spread = draw.textbbox((0, 0), label, font=font)
            pad = 2 * unit
            draw.rectangle((left, top, left + spread[2] + 2 * pad, top + spread[3] + 2 * pad), fill=color)
            draw.text((left + pad, top + pad), label, fill=_ink_on(color), font=font)
    return np.asarray(picture, dtype=np.uint8)
