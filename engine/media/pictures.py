"""Whatever a person hands in as a picture, as one upright uint8 RGB array; or one sentence that says why not.

Size is judged from the header, before a single pixel is decoded, so that a decompression bomb costs nothing. Only
raster formats are tried: those that run programs or need other programs (PostScript, PDF, SVG) are never opened.

Any depth, mode or array of pixels as uint8 RGB.
"""

from __future__ import annotations

import io
import re
import struct
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from engine.errors import PictureError
from engine.records import UInt8

_BACKGROUND: Final = (255, 255, 255)  # see-through parts are laid on white, as a page would show them


def image_to_rgb(image: Image.Image, notes: list[str], shown: str) -> UInt8:
    """Return ``image`` in any Pillow mode as (H, W, 3) uint8 RGB, and add to ``notes`` what a person may want to know.

    Deep grey is scaled by its range, never clipped; see-through parts are laid on white; Pillow turns CMYK and
    knows that JPEG stores it inverted.
    """
    if image.mode == "F" or image.mode.startswith("I"):
        grey = _deep_grey_to_uint8(np.asarray(image).astype(np.float32), image.mode == "F", notes, shown)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if image.mode in ("La", "RGBa"):  # premultiplied alpha converts only to its own straight form
        image = image.convert("LA" if image.mode == "La" else "RGBA")
    if "A" in image.getbands() or "transparency" in image.info:
        layered = image.convert("RGBA")
        if layered.getchannel("A").getextrema() != (255, 255):  # an alpha channel that hides nothing needs no word
            notes.append("See-through parts were laid on white.")
        background = Image.new("RGB", image.size, _BACKGROUND)
        background.paste(layered, mask=layered.getchannel("A"))
        image = background
    return np.array(image.convert("RGB"), dtype=np.uint8)


def _deep_grey_to_uint8(grey: NDArray[np.float32], is_float: bool, notes: list[str], shown: str) -> UInt8:
    """Scale (H, W) grey of 16 bits, 32 bits or float to [0, 255] by the smallest usual range that holds it."""
    if not np.isfinite(grey).all():
        raise PictureError(
            f"Expected finite grey values, but '{shown}' holds NaN or infinity; replace them and save it."
        )
    low, high = float(grey.min()), float(grey.max())
    # Cameras and scanners put 10, 12 or 14 bits into 16: taking all 16 for the range would leave such a picture black.
    ranges = (1.0, 255.0, 65535.0) if is_float else (255.0, 1023.0, 4095.0, 16383.0, 65535.0)
    top = next((range_top for range_top in ranges if low >= 0.0 and high <= range_top), None)
    if top is None:
        notes.append(f"Grey values from {low:g} to {high:g} were stretched to black and white.")
        return _rounded((grey - low) / max(high - low, 1e-12) * 255.0)
    if top != ranges[-1] or is_float:
        notes.append(f"Grey values up to {high:g} were read on a scale from 0 to {top:g}.")
    return _rounded(grey / top * 255.0)


def _rounded(values: NDArray[Any]) -> UInt8:
    return np.asarray(np.rint(values), dtype=np.uint8)


def array_to_rgb(array: NDArray[Any]) -> UInt8:
    """Return (H, W, 3) uint8 of its own memory from an array as :func:`open_picture` describes it."""
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        advice = "; move the channels last" if array.ndim == 3 and array.shape[0] in (1, 3, 4) else "; pass one picture"
        raise PictureError(f"Expected an array of shape (H, W), (H, W, 3) or (H, W, 4), but got {array.shape}{advice}.")
    if array.dtype == np.uint8:
        eight = array
    elif array.dtype == np.bool_:
        eight = array.astype(np.uint8) * np.uint8(255)
    elif array.dtype == np.uint16:
        eight = _rounded(array / 257.0)
    elif np.issubdtype(array.dtype, np.floating):
        if not (
            np.isfinite(array).all() and float(array.min(initial=0.0)) >= 0.0 and float(array.max(initial=0.0)) <= 1.0
        ):
            raise PictureError(
                "Expected a float array in [0, 1], but got values outside it; divide by the largest value."
            )
        eight = _rounded(array.astype(np.float64) * 255.0)
    else:
        raise PictureError(
            f"Expected an array of uint8 or of floats in [0, 1], but got {array.dtype}; convert it first."
        )
    if eight.ndim == 2 or eight.shape[2] == 1:
        return np.repeat(eight.reshape(*eight.shape[:2], 1), 3, axis=2)
    if eight.shape[2] == 4:
        alpha = eight[:, :, 3:].astype(np.uint16)
        return ((eight[:, :, :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    return eight.copy()


FORMATS: Final[tuple[str, ...]] = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM", "AVIF")
"""What Pillow may try to read a file as; none of them starts another program."""
FORMATS_IN_WORDS: Final = "JPEG, PNG, WebP, BMP, GIF, TIFF, PPM or AVIF"

MINIMUM_SIDE: Final = 16
"""Pixels; the smallest input of any model here, and too few to hold a face that a person could read."""
MAXIMUM_PIXELS: Final = 40_000_000
"""Width times height; decoded as RGB this is 120 MB."""
MAXIMUM_BYTES: Final = 50 * 1024 * 1024
"""Of a file, as it lies on disk."""

# First bytes of the formats above, to tell a damaged picture from a file that never was one.
_PICTURE_STARTS: Final[tuple[bytes, ...]] = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"BM", b"II*\0", b"MM\0*")

# (offset, bytes, what it is): files that people take for pictures, each with its own advice.
_NOT_PICTURES: Final[tuple[tuple[int, bytes, str], ...]] = (
    (4, b"ftypheic", "a HEIC photograph"),
    (4, b"ftypheix", "a HEIC photograph"),
    (4, b"ftypmif1", "a HEIF photograph"),
    (0, b"%PDF", "a PDF document"),
    (0, b"%!PS", "a PostScript document"),
    (0, b"<svg", "an SVG drawing"),
    (0, b"<?xml", "an XML or SVG document"),
    (0, b"PK\x03\x04", "a zip archive"),
    (4, b"ftyp", "a video"),
    (0, b"\x1aE\xdf\xa3", "a video"),
    (8, b"AVI ", "a video"),
)

# Everything that Pillow's decoders raise on damaged input; MemoryError comes from absurd sizes inside a file.
_DECODING_ERRORS: Final = (
    OSError, SyntaxError, ValueError, TypeError, IndexError, KeyError, EOFError, AttributeError, OverflowError,
    ZeroDivisionError, NotImplementedError, RuntimeError, AssertionError, MemoryError, struct.error, zlib.error,
)  # fmt: skip

# Pillow warns about large pictures and odd tags in lines that name its own path; what matters is refused below.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

PictureSource = str | Path | bytes | BinaryIO | NDArray[Any] | Image.Image


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as the models' preparation takes it.

    Attributes:
        pixels: uint8, (H, W, 3), RGB in [0, 255], upright (EXIF orientation applied), see-through parts on white.
        source: the name to show, without any folder.
        frames: 1, or how many frames or pages the file has, of which ``pixels`` is the first.
        notes: plain sentences about what was done to it that a person may want to know.
    """

    pixels: UInt8
    source: str
    frames: int = 1
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        ok = isinstance(self.pixels, np.ndarray) and self.pixels.dtype == np.uint8
        if not (ok and self.pixels.ndim == 3 and self.pixels.shape[2] == 3 and self.pixels.size > 0):
            came = f"{getattr(self.pixels, 'dtype', type(self.pixels).__name__)} {getattr(self.pixels, 'shape', '')}"
            raise ValueError(f"expected pixels as uint8 with shape (H, W, 3), got {came}")
        if self.frames < 1:
            raise ValueError(f"expected one frame or more, got {self.frames}")


def open_picture(source: PictureSource, *, name: str | None = None) -> Picture:
    """Read ``source`` into an upright RGB picture.

    Args:
        source: a path, the bytes of a file, a binary file (read from its beginning), a Pillow image, or an array:
            (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), uint8 or uint16 over their full range, bool, or float in [0, 1].
            Three channels are taken as RGB: turn OpenCV's BGR round before calling.
        name: the name to show instead of the one that the source carries.

    Raises:
        PictureError: one sentence with what was expected, what came and what to do.
    """
    if isinstance(source, np.ndarray):
        shown = _display_name(name, "the array")
        pixels = array_to_rgb(source)
        _check_size(pixels.shape[1], pixels.shape[0], shown)
        return Picture(pixels, shown)
    if isinstance(source, Image.Image):
        shown = _display_name(name or getattr(source, "filename", None), "the picture")
        return _decode(source, shown)
    if isinstance(source, bytes | bytearray | memoryview):
        shown = _display_name(name, "the picture")
        return _from_bytes(bytes(source), shown)
    if isinstance(source, str | Path):
        shown = _display_name(name or str(source), "the picture")
        return _from_bytes(_read_path(Path(source), shown), shown)
    if hasattr(source, "read"):
        carried = getattr(source, "name", None)
        shown = _display_name(name or (carried if isinstance(carried, str) else None), "the picture")
        return _from_bytes(_read_stream(source, shown), shown)
    raise PictureError(
        "Expected a picture as a path, bytes, a binary file, an array or a Pillow image, but got "
        f"{type(source).__name__}; open the file yourself and pass what it gives."
    )


def _display_name(name: str | None, otherwise: str) -> str:
    """Return the last part of ``name`` (either kind of slash), printable and of bearable length."""
    last = PurePosixPath(PureWindowsPath(name).name).name if name else ""
    last = "".join(character if character.isprintable() else "?" for character in last)
    return (last if len(last) <= 80 else f"{last[:60]}…{last[-19:]}") or otherwise


def _read_path(path: Path, shown: str) -> bytes:
    try:
        if path.is_dir():
            raise PictureError(f"Expected a picture, but '{shown}' is a folder; name a file in it.")
        if not path.exists():
            raise PictureError(f"Expected a picture, but there is no file '{shown}'; check the path.")
        if not path.is_file():  # a device or a pipe could give bytes for ever
            raise PictureError(f"Expected a picture, but '{shown}' is not an ordinary file; copy it into one.")
        _check_bytes(path.stat().st_size, shown)
        return path.read_bytes()
    except OSError as error:
        reason = (error.strerror or "the system refused").lower()
        raise PictureError(
            f"Expected a readable picture, but '{shown}' cannot be read ({reason}); check it."
        ) from error


def _read_stream(stream: Any, shown: str) -> bytes:
    try:
        if stream.seekable():
            stream.seek(0)
        data = stream.read(MAXIMUM_BYTES + 1)
    except (OSError, ValueError, AttributeError) as error:
        raise PictureError(f"Expected an open binary file, but '{shown}' cannot be read; open it again.") from error
    if not isinstance(data, bytes):
        raise PictureError(f"Expected a binary file, but '{shown}' gives text; open it with mode 'rb'.")
    return data


def _check_bytes(count: int, shown: str) -> None:
    if count == 0:
        raise PictureError(f"Expected a picture, but '{shown}' is empty (0 bytes); save or upload it again.")
    if count > MAXIMUM_BYTES:
        raise PictureError(
            f"Expected a picture file of at most {MAXIMUM_BYTES // 2**20} MB, but '{shown}' is larger; "
            "shrink it or save it as JPEG."
        )


def _check_size(width: int, height: int, shown: str) -> None:
    if width < MINIMUM_SIDE or height < MINIMUM_SIDE:
        raise PictureError(
            f"Expected a picture of at least {MINIMUM_SIDE} x {MINIMUM_SIDE} pixels, but '{shown}' has "
            f"{width:,} x {height:,}; use a larger one."
        )
    if width * height > MAXIMUM_PIXELS:
        raise _too_many_pixels(f"{width:,} x {height:,} pixels ({width * height / 1e6:,.0f} megapixels)", shown)


def _too_many_pixels(size: str, shown: str) -> PictureError:
    return PictureError(
        f"Expected a picture of at most {MAXIMUM_PIXELS // 10**6} megapixels, but '{shown}' has {size}; "
        "shrink it and try again."
    )


def _from_bytes(data: bytes, shown: str) -> Picture:
    _check_bytes(len(data), shown)
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as error:  # Pillow's own limit lies higher, and it names only the product
        count = re.search(r"\((\d+) pixels\)", str(error))
        raise _too_many_pixels(f"{int(count[1]) / 1e6:,.0f} megapixels" if count else "far more", shown) from error
    except UnidentifiedImageError as error:
        raise _unidentified(data, shown) from error
    except _DECODING_ERRORS as error:
        raise _damaged(shown) from error
    with image:
        return _decode(image, shown)


def _unidentified(data: bytes, shown: str) -> PictureError:
    for offset, start, what in _NOT_PICTURES:
        if data[offset : offset + len(start)] == start:
            return PictureError(
                f"Expected a picture ({FORMATS_IN_WORDS}), but '{shown}' is {what}; save it as JPEG or PNG first."
            )
    if data.startswith(_PICTURE_STARTS) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP"):
        return _damaged(shown)
    return PictureError(f"Expected a picture ({FORMATS_IN_WORDS}), but '{shown}' is not one; choose another file.")


def _damaged(shown: str) -> PictureError:
    return PictureError(
        f"Expected a complete picture, but '{shown}' is cut short or damaged; copy, save or download it again."
    )


def _decode(image: Image.Image, shown: str) -> Picture:
    """Check the header, then decode the first frame; ``image`` is left at the frame where it stood."""
    _check_size(*image.size, shown)
    notes: list[str] = []
    try:
        stood_at = image.tell()
        frames, kind = _count_frames(image)
        try:
            if frames > 1:
                image.seek(0)
            # Read before loading: a TIFF turns itself, and forgets the tag, while it is decoded.
            turned = image.getexif().get(0x0112, 1) in range(2, 9)
            image.load()
            upright = ImageOps.exif_transpose(image)
            pixels = image_to_rgb(upright, notes, shown)
        finally:
            if image.tell() != stood_at:
                image.seek(stood_at)
    except _DECODING_ERRORS as error:
        raise _damaged(shown) from error
    if turned:
        notes.append("Turned upright, as the orientation stored in its file asks.")
    if frames > 1:
        notes.append(f"{kind}: the first of {frames} {'pages' if kind == 'Many pages' else 'frames'} is used.")
    return Picture(pixels, shown, frames, tuple(notes))


def _count_frames(image: Image.Image) -> tuple[int, str]:
    """Return how many frames there are and what they are; a camera's MPO holds previews of one picture, not frames."""
    if image.format == "MPO":
        return 1, ""
    return int(getattr(image, "n_frames", 1)), "Many pages" if image.format == "TIFF" else "Animated picture"
