"""Frames between browser and server: JPEG in a data address, in memory from end to end."""

from __future__ import annotations

import base64
import binascii
from typing import Final

import cv2
import numpy as np

from dashboard.shell.snapshots import LONGEST_SIDE
from engine.errors import PictureError
from engine.media.headers import read_header
from engine.records import UInt8

START: Final = "data:image/jpeg;base64,"
SMALLEST_SIDE: Final = 32
"""Of a frame in pixels, as is the longest; the page sends 640."""
QUALITY: Final = 82
"""Of the JPEG sent back, 0 to 100."""


def read_frame(address: object, *, largest_bytes: int) -> UInt8:
    """Decode one frame from the browser: (H, W, 3) uint8 RGB.

    Its size is judged from the header before a pixel is decoded.

    Args:
        address: what the page sent; should be a string that starts with :data:`START`.
        largest_bytes: of the JPEG.

    Raises:
        PictureError: one sentence.
    """
    data = jpeg_bytes(address, largest_bytes=largest_bytes)
    header = read_header(data)
    if header.format != "JPEG" or not header.width:
        raise _no_frame()
    width, height = header.width, header.height
    if not (min(width, height) >= SMALLEST_SIDE and max(width, height) <= LONGEST_SIDE):
        raise PictureError(
            f"Expected a camera frame of {SMALLEST_SIDE} to {LONGEST_SIDE} pixels a side, got {width} x {height}; "
            "choose another resolution of the camera."
        )
    if not header.plain:  # a browser's frames are; one of a thousand scans would hold this thread for minutes
        raise _no_frame()
    bgr = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR)
    if bgr is None or bgr.shape[:2] != (height, width):
        raise _no_frame()
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def jpeg_bytes(address: object, *, largest_bytes: int) -> bytes:
    """Return the bytes in a data address. Raises PictureError."""
    if not isinstance(address, str) or not address.startswith(START):
        raise _no_frame()
    if len(address) > len(START) + largest_bytes * 4 // 3 + 4:
        raise PictureError(
            f"Expected a camera frame of at most {largest_bytes / 1000:,.0f} kB, got more; "
            "choose a smaller resolution of the camera."
        )
    try:
        return base64.b64decode(address[len(START) :], validate=True)
    except binascii.Error as error:
        raise _no_frame() from error


def write_frame(picture: UInt8) -> str:
    """Return (H, W, 3) uint8 RGB as a JPEG's data address."""
    written, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not written:
        raise ValueError(f"expected a picture that JPEG can hold, got shape {picture.shape}")
    return START + base64.b64encode(data.tobytes()).decode("ascii")


def _no_frame() -> PictureError:
    return PictureError("Expected a camera frame as a JPEG data address, but got something else; reload the page.")
