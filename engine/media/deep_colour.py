"""Colour of more than eight bits a channel, which Pillow cuts to its high byte or does not read: PNG and TIFF.

Programs put 10, 12 or 14 bits into 16, and taking all 16 for the range would leave such a picture black. So the range
is the smallest usual one that holds every channel, as for grey.
"""

from __future__ import annotations

import struct
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

from engine.records import UInt8

WHOLE: Final = (255.0, 1023.0, 4095.0, 16383.0, 65535.0)
"""Ends of the usual ranges of whole numbers."""
FLOAT: Final = (1.0, 255.0, 65535.0)
"""Ends of the usual ranges of floats."""

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_COLOURED: Final = (2, 6)
"""PNG's colour types of RGB, without and with alpha (PNG 1.2, section 4.1.1)."""
_BITS, _FORMAT = 258, 339  # TIFF 6.0: BitsPerSample, SampleFormat


def is_deep_colour(data: bytes, image: Image.Image | None) -> bool:
    """Say whether a file holds colour of 16 bits or float; ``image`` as Pillow opened it, None where it could not."""
    if data.startswith(_PNG):
        return len(data) > 25 and data[24] == 16 and data[25] in _COLOURED
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        bits = image.tag_v2.get(_BITS, ())
        return len(bits) >= 3 and min(bits) == 16 and max(image.tag_v2.get(_FORMAT, (1,))) == 1
    return image is None and _float_rgb_size(data) is not None


def _float_rgb_size(data: bytes) -> tuple[int, int] | None:
    """Return width and height of a TIFF with three or four floats of 32 bits a pixel; None for any other file."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])
    if order is None:
        return None
    found: dict[int, tuple[int, int]] = {}
    try:
        (start,) = struct.unpack_from(f"{order}I", data, 4)
        (count,) = struct.unpack_from(f"{order}H", data, start)
        for number in range(min(count, 64)):
            at = start + 2 + 12 * number
            tag, kind, values = struct.unpack_from(f"{order}HHI", data, at)
            place = at + 8
            if kind == 3 and values > 2:
                (place,) = struct.unpack_from(f"{order}I", data, at + 8)
            found[tag] = (values, struct.unpack_from(f"{order}{'I' if kind == 4 else 'H'}", data, place)[0])
    except struct.error:
        return None
    samples = found.get(277, (1, 1))[1]
    if samples not in (3, 4) or found.get(_BITS, (0, 0))[1] != 32 or found.get(_FORMAT, (0, 0))[1] != 3:
        return None
    return found.get(256, (0, 0))[1], found.get(257, (0, 0))[1]


def float_size(data: bytes) -> tuple[int, int]:
    """Return width and height of what :func:`is_deep_colour` says of a file that Pillow does not open."""
    return _float_rgb_size(data) or (0, 0)


def deep_colour(data: bytes) -> NDArray[Any] | None:
    """Return the first picture of a file as (H, W, 3 or 4), uint16 or float32; None where it cannot be read.

    Colours stand as OpenCV has them, blue first: to turn them here would take the memory of the picture once more.
    """
    import cv2  # not for every picture: it takes a while to load

    flags = cv2.IMREAD_UNCHANGED
    try:
        values: NDArray[Any] | None = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        if error.code == cv2.Error.STS_NO_MEM:
            raise MemoryError from error
        return None
    if values is None or values.ndim != 3 or values.dtype not in (np.uint16, np.float32):
        return None
    return values


def usual_end(low: float, high: float, *, is_float: bool) -> float | None:
    """Return the end of the smallest usual range that holds values from ``low`` to ``high``; None if none does."""
    ranges = FLOAT if is_float else WHOLE
    return next((end for end in ranges if low >= 0.0 and high <= end), None)


def scaled_rgb(values: NDArray[Any], bottom: float, span: float) -> tuple[UInt8, bool]:
    """Bring (H, W, 3 or 4), blue first, to uint8 (H, W, 3) RGB, alpha laid on white.

    Returns:
        The pixels, and whether any part was see-through.
    """
    whole = 1.0 if values.dtype == np.float32 else 65535.0
    out = np.empty((*values.shape[:2], 3), np.uint8)
    through = False
    for row in range(len(values)):  # a row at a time: float64 of the whole picture would be eight times its size
        colour = np.clip((values[row, :, 2::-1].astype(np.float64) - bottom) / span, 0.0, 1.0)
        if values.shape[2] == 4:
            alpha = np.clip(values[row, :, 3:].astype(np.float64) / whole, 0.0, 1.0)
            through = through or bool((alpha < 1.0).any())
            colour = colour * alpha + (1.0 - alpha)
        out[row] = np.rint(colour * 255.0)
    return out, through
