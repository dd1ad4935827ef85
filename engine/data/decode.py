"""From a file's bytes to pixels, refusing what is no picture instead of making one up."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from typing import Final

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from engine.errors import PictureError
from engine.records import UInt8

MAX_PIXELS: Final = 50_000_000
"""A picture that claims more is refused from its header, before any pixel is decoded."""

FORMATS: Final = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm", ".pnm")


# What Pillow's decoders raise on damaged files beside OSError.
_DECODING_ERRORS: Final = (
    OSError, EOFError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RuntimeError,
    MemoryError, AssertionError, struct.error, zlib.error,
)  # fmt: skip


def _flatten(picture: Image.Image) -> Image.Image:
    """Bring any mode to ``L`` or ``RGB``: 16-bit grey is scaled, not clipped; transparency shows white behind it."""
    if picture.mode in {"L", "RGB"} and "transparency" not in picture.info:
        return picture
    if picture.mode.startswith("I;16") or picture.mode == "I":
        wide = np.asarray(picture).astype(np.float64)
        if wide.min() < 0 or wide.max() > 65535:
            raise PictureError("expected at most 16 bits a pixel, got more; save it as an 8-bit picture")
        return Image.fromarray(np.rint(wide / 257.0).astype(np.uint8))
    if picture.mode == "F":
        raise PictureError("expected whole-number pixels, got floating point; save it as an 8-bit picture")
    if picture.mode in {"LA", "La", "PA", "RGBA", "RGBa"} or "transparency" in picture.info:
        front = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", front.size, "white"), front).convert("RGB")
    return picture.convert("L" if picture.mode == "1" else "RGB")


def decode_picture(data: bytes) -> UInt8:
    """Decode the first frame of a picture file, upright.

    Args:
        data: the whole file.

    Returns:
        uint8, (H, W) for a grey picture or (H, W, 3) RGB for a coloured one; a colour file whose three channels are
        equal everywhere counts as grey, so that the same face saved both ways is the same picture.

    Raises:
        PictureError: for empty, unreadable, truncated or huge files; the message is the reason alone.
    """
    if not data:
        raise PictureError("the file is empty")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
            width, height = opened.size
            if width * height > MAX_PIXELS:
                raise PictureError(f"expected at most {MAX_PIXELS // 1_000_000} million pixels, got {width}x{height}")
            pixels = np.asarray(_flatten(ImageOps.exif_transpose(opened)))
    except UnidentifiedImageError as error:
        raise PictureError("not a picture") from error
    except Image.DecompressionBombError as error:
        raise PictureError(f"expected at most {MAX_PIXELS // 1_000_000} million pixels, got far more") from error
    except _DECODING_ERRORS as error:
        raise PictureError("the picture is damaged or cut short") from error
    if pixels.ndim == 3 and (pixels[..., 0] == pixels[..., 1]).all() and (pixels[..., 0] == pixels[..., 2]).all():
        pixels = pixels[..., 0]
    return np.ascontiguousarray(pixels)


def pixel_digest(pixels: UInt8) -> bytes:
    """Return 16 bytes that are equal for two pictures exactly when shape and every pixel are."""
    return hashlib.blake2b(np.ascontiguousarray(pixels).data, digest_size=16, key=str(pixels.shape).encode()).digest()


def fit_picture(pixels: UInt8, size: int, channels: int) -> UInt8:
    """Bring a picture to (size, size) for 1 of ``channels`` or (size, size, 3) for 3, averaging areas to shrink it.

    Sides are scaled separately: datasets ship face crops that are square or nearly so.
    """
    mode = "L" if channels == 1 else "RGB"
    if pixels.shape[:2] == (size, size) and pixels.ndim == (2 if channels == 1 else 3):
        return pixels
    picture = Image.fromarray(pixels).convert(mode)
    if picture.size != (size, size):
        shrinks = min(picture.size) >= size
        picture = picture.resize((size, size), Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR)
    return np.asarray(picture)
