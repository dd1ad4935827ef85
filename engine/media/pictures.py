"""Whatever a person hands in as a picture, as one upright uint8 RGB array; or one sentence that says why not.

Size is judged from the header, before a single pixel is decoded, so that a decompression bomb costs nothing; what
decoding may cost is bounded by :data:`~engine.media.budget.PICTURE`. Only raster formats are tried: those that run
programs or need other programs (PostScript, PDF, SVG) are never opened.
"""

from __future__ import annotations

import threading
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.errors import PictureError, printable
from engine.media.budget import PICTURE
from engine.media.decode import decode_file
from engine.media.decoding import Decoded, check_size, decode_image
from engine.media.headers import PLAIN_PIXELS, read_header
from engine.records import UInt8

MAXIMUM_PIXELS: Final = PICTURE.pixels
"""Width times height; decoded as RGB this is 120 MB."""
MAXIMUM_BYTES: Final = 50 * 1024 * 1024
"""Of a file, as it lies on disk."""

_LARGE: Final = threading.Lock()  # files are decoded in turn elsewhere; a Pillow image is decoded where it is

PictureSource = str | Path | bytes | BinaryIO | NDArray[Any] | Image.Image


SUFFIXES: Final[frozenset[str]] = frozenset((
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".pgm", ".ppm", ".pnm", ".avif",
    ".heic", ".heif",
))  # fmt: skip
"""How pictures' names end. A HEIC photograph is one, too: what cannot be read of it is said, not left out."""
_BEGINNING: Final = 64


def pictures_in(folder: Path) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Return the pictures in a folder and its subfolders, sorted, and the other files; hidden ones are neither.

    A picture is known by its name or, whatever that is, by its first bytes.
    """
    found: dict[bool, list[Path]] = {True: [], False: []}
    for file in sorted(folder.rglob("*")):
        inside = file.relative_to(folder)
        if not file.is_file():
            continue
        if file.suffix.lower() in SUFFIXES:
            found[True].append(file)
        elif not any(part.startswith(".") for part in inside.parts):
            found[_begins_as_picture(file)].append(file)
    return tuple(found[True]), tuple(found[False])


def _begins_as_picture(file: Path) -> bool:
    try:
        with file.open("rb") as stream:
            return bool(read_header(stream.read(_BEGINNING)).format)
    except OSError:
        return False


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as the models' preparation takes it.

    Attributes:
        pixels: uint8, (H, W, 3), RGB in [0, 255], upright (EXIF orientation applied), see-through parts on white.
        source: the name to show, without any folder.
        first_of_many: the file has more frames or pages, of which ``pixels`` is the first; they are never counted,
            because that can cost far more than decoding.
        notes: plain sentences about what was done to it that a person may want to know.
    """

    pixels: UInt8
    source: str
    first_of_many: bool = False
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        ok = isinstance(self.pixels, np.ndarray) and self.pixels.dtype == np.uint8
        if not (ok and self.pixels.ndim == 3 and self.pixels.shape[2] == 3 and self.pixels.size > 0):
            came = f"{getattr(self.pixels, 'dtype', type(self.pixels).__name__)} {getattr(self.pixels, 'shape', '')}"
            raise ValueError(f"expected pixels as uint8 with shape (H, W, 3), got {came}")


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
        check_size(pixels.shape[1], pixels.shape[0], shown, PICTURE)
        return Picture(pixels, shown)
    if isinstance(source, Image.Image):
        shown = _display_name(name or getattr(source, "filename", None), "the picture")
        with _LARGE if source.width * source.height > PLAIN_PIXELS else nullcontext():
            return _picture(decode_image(source, shown, PICTURE), shown)
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
    last = printable(PurePosixPath(PureWindowsPath(name).name).name) if name else ""
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


def _from_bytes(data: bytes, shown: str) -> Picture:
    _check_bytes(len(data), shown)
    return _picture(decode_file(data, "shown", shown=shown, budget=PICTURE), shown)


def _picture(decoded: Decoded, shown: str) -> Picture:
    return Picture(decoded.pixels, shown, decoded.many, decoded.notes)


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
