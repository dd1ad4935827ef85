"""One frame of a film with one face marked."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from dashboard.shared.figures.colours import emotion_rgb
from dashboard.shared.figures.face import LONGEST
from engine.records import FaceBox, UInt8


def marked_frame(pixels: UInt8, box: FaceBox, label: str) -> UInt8:
    """Draw the face's box in its emotion's colour: (H, W, 3) uint8 RGB, 1,200 pixels at the longer side at most.

    Args:
        pixels: (H, W, 3) uint8 RGB, the film's own frame.
        box: in pixels of the frame.
        label: what is shown for the face there.
    """
    picture = Image.fromarray(pixels)
    factor = min(1.0, LONGEST / max(picture.size))
    if factor < 1.0:
        picture = picture.resize((round(picture.width * factor), round(picture.height * factor)))
    left, top = round(box.x * factor), round(box.y * factor)
    right, bottom = round((box.x + box.width) * factor) - 1, round((box.y + box.height) * factor) - 1
    thick = max(2, round(max(picture.size) / 220))
    frame = (left, top, max(left, right), max(top, bottom))
    ImageDraw.Draw(picture).rectangle(frame, outline=emotion_rgb(label), width=thick)
    return np.asarray(picture, dtype=np.uint8)
