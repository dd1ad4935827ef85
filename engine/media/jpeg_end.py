"""A JPEG whose end marker is missing, as interrupted copies and some cameras leave it: is its picture whole?

A decoder fills what is missing with whatever follows, so the picture is decoded with several endings: where all its
coded data is there, nothing of an ending gets into it, and the pictures are the same.
"""

from __future__ import annotations

import hashlib
import io
from typing import Final

from PIL import Image

_END: Final = b"\xff\xd9"
# Zeros are a valid code of every table, so that a missing block takes them; the others differ from them in each bit
# pattern that a block could begin with.
_ENDINGS: Final = (b"\0" * 64, b"\x55" * 64, b"\xaa" * 64, b"\x12\x9c\x6b\xe4" * 16)
_START_OF_SCAN: Final = b"\xff\xda"


def completed(data: bytes, most_pixels: int) -> bytes | None:
    """Return a JPEG with its end marker where that alone was missing; None where its picture is not whole.

    One of more than ``most_pixels`` is not decoded: None.
    """
    if not data.startswith(b"\xff\xd8\xff") or not _last_scan_is_final(data):
        return None
    body = data.removesuffix(b"\xff")  # half of the marker, or half of a stuffed byte, which the endings then show
    pictures = set()
    for ending in _ENDINGS:
        whole = body + ending + _END
        with Image.open(io.BytesIO(whole), formats=("JPEG",)) as image:
            if image.width * image.height > most_pixels:
                return None
            image.load()
            pictures.add(hashlib.blake2b(image.tobytes()).digest())
        if len(pictures) > 1:
            return None
    return body + _END


def _last_scan_is_final(data: bytes) -> bool:
    """Say whether the last scan leaves no bit of its coefficients to a later one (progressive JPEGs have many)."""
    at = data.rfind(_START_OF_SCAN)
    if at < 0 or at + 5 > len(data):
        return False
    length = int.from_bytes(data[at + 2 : at + 4], "big")
    last = at + 2 + length - 1
    return last < len(data) and data[last] & 0x0F == 0
