"""Boxes around faces in one framing, that of OpenCV's frontal Haar cascade, whoever found the face."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.records import FaceBox

FRAME_PER_BOX: Final = 1.04
"""Side of a FER2013 frame over the side of its Haar box.

Measured on 700 seeded FER2013 training pictures, enlarged to 192 pixels with half a frame of replicated border: the
cascade below found 554, with a median frame/box of 1.04 (quartiles 0.98 to 1.12) and a median box centre at
(0.504, 0.495) of the frame. So the crops are such boxes, hardly padded, and centred.
"""

EYE_DISTANCE: Final = 0.38
EYE_LINE: Final = 0.38
MOUTH_LINE: Final = 0.765
"""Where landmarks lie in a FER2013 frame, in frame sides: medians of 331 pairs of eyes (at (0.30, 0.385) and
(0.68, 0.378)) and 107 smiles (at height 0.763) that OpenCV's eye and smile cascades found in 600 seeded training
pictures.
"""


def square_from_landmarks(points: NDArray[np.float32]) -> tuple[float, float, float]:
    """Return left, top and side of the Haar-framed square around a face.

    Args:
        points: (5, 2) pixels: right eye, left eye, nose tip, right and left corner of the mouth (YuNet's order).
    """
    eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
    # A face turned sideways shortens the one distance, a nodding one the other: the longer tells the true size.
    frame = max(
        float(np.linalg.norm(points[1] - points[0])) / EYE_DISTANCE,
        float(np.linalg.norm(mouth - eyes)) / (MOUTH_LINE - EYE_LINE),
        2.0,
    )
    up = (eyes - mouth) / max(float(np.linalg.norm(mouth - eyes)), 1e-6)
    centre = (eyes + mouth) / 2 + up * ((EYE_LINE + MOUTH_LINE) / 2 - 0.5) * frame
    side = frame / FRAME_PER_BOX
    return float(centre[0]) - side / 2, float(centre[1]) - side / 2, side


def part_inside(
    left: float, top: float, right: float, bottom: float, width: int, height: int, *, score: float | None = None
) -> FaceBox | None:
    """Return the part of a rectangle that lies in the picture, or None where hardly any does."""
    x, y = max(0, round(left)), max(0, round(top))
    inside_width, inside_height = min(width, round(right)) - x, min(height, round(bottom)) - y
    if min(inside_width, inside_height) < 0.5 * (right - left):
        return None
    return FaceBox(x, y, inside_width, inside_height, score)


def without_overlaps(found: list[tuple[float, FaceBox]]) -> list[FaceBox]:
    """Keep, of boxes that share more than half of the smaller one, that with the greater weight."""
    kept: list[FaceBox] = []
    for _, box in sorted(found, key=lambda pair: (-pair[0], pair[1].y, pair[1].x)):
        if all(shared_area(box, other) <= 0.5 for other in kept):
            kept.append(box)
    return kept


def shared_area(one: FaceBox, two: FaceBox) -> float:
    """Return the common area over the smaller area, in [0, 1]."""
    across = min(one.x + one.width, two.x + two.width) - max(one.x, two.x)
    down = min(one.y + one.height, two.y + two.height) - max(one.y, two.y)
    smaller = min(one.width * one.height, two.width * two.height)
    return max(0, across) * max(0, down) / smaller


def largest_first(boxes: list[FaceBox]) -> tuple[FaceBox, ...]:
    """Return boxes by falling area, then from the top left."""
    return tuple(sorted(boxes, key=lambda box: (-box.width * box.height, box.y, box.x)))
