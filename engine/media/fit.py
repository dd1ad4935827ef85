"""A picture of any shape brought to what a model takes, in one of three ways that networks are trained in."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np

from engine.media.faces import to_model_input
from engine.records import Fit, InputSpec, UInt8

PERSON: Final[Fit] = "pad"
"""How a picture that a person shows is fitted where a model's input does not say."""


def fitted(picture: UInt8, spec: InputSpec, default: Fit = PERSON) -> UInt8:
    """Return a picture at a model's size and channels, before scaling to [0, 1].

    Args:
        picture: uint8 (h, w) or (h, w, 3) RGB.
        spec: ``pad`` shows it in whole and repeats its edges, ``stretch`` brings each side to its own length, ``crop``
            fills the input and cuts what stands over, equally on both sides.
        default: the way, where ``spec`` names none.

    Returns:
        uint8 (H, W), or (H, W, 3) RGB.
    """
    fit = spec.fit or default
    if fit == "pad" and spec.height == spec.width:
        return to_model_input(picture, spec.size, spec.channels)
    coloured = _in_channels(picture, spec.channels)
    height, width = coloured.shape[:2]
    if fit == "stretch":
        return np.ascontiguousarray(_resized(coloured, spec.height, spec.width))
    scales = spec.height / height, spec.width / width
    scale = min(scales) if fit == "pad" else max(scales)
    rows, columns = max(1, round(height * scale)), max(1, round(width * scale))
    if fit == "crop":
        rows, columns = max(rows, spec.height), max(columns, spec.width)
        whole = _resized(coloured, rows, columns)
        top, left = (rows - spec.height) // 2, (columns - spec.width) // 2
        return np.ascontiguousarray(whole[top : top + spec.height, left : left + spec.width])
    rows, columns = min(rows, spec.height), min(columns, spec.width)
    whole = _resized(coloured, rows, columns)
    above, before = (spec.height - rows) // 2, (spec.width - columns) // 2
    edges = (above, spec.height - rows - above, before, spec.width - columns - before)
    return np.ascontiguousarray(cv2.copyMakeBorder(whole, *edges, cv2.BORDER_REPLICATE), dtype=np.uint8)


def covered(height: int, width: int, spec: InputSpec, default: Fit = PERSON) -> tuple[int, int, int, int]:
    """Return where in a picture (height, width) what a model takes of it lies: left, top, width and height in pixels.

    It may reach beyond the picture, where its edges are repeated. The rest is as of :func:`fitted`.
    """
    fit = spec.fit or default
    if fit == "stretch":
        return 0, 0, width, height
    scales = spec.height / height, spec.width / width
    scale = min(scales) if fit == "pad" else max(scales)
    across, down = round(spec.width / scale), round(spec.height / scale)
    return round((width - across) / 2), round((height - down) / 2), across, down


def _in_channels(picture: UInt8, channels: int) -> UInt8:
    if channels == 1 and picture.ndim == 3:
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    if channels == 3 and picture.ndim == 2:
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB), dtype=np.uint8)
    return picture


def _resized(picture: UInt8, rows: int, columns: int) -> Any:
    if picture.shape[:2] == (rows, columns):
        return picture
    smaller = rows * columns < picture.shape[0] * picture.shape[1]
    return cv2.resize(picture, (columns, rows), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
