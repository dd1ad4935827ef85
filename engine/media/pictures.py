"""Whatever a person hands in as a picture, as one upright uint8 RGB array; or one sentence that says why not.

Size is judged from the header, before a single pixel is decoded, so that a decompression bomb costs nothing. Only
raster formats are tried: those that run programs or need other programs (PostScript, PDF, SVG) are never opened.
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
from engine.inference.pixels import array_to_rgb, image_to_rgb
from engine.records import UInt8

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
