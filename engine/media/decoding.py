"""The bytes of a picture file to pixels, in one of two forms; runs in this process or in the one for large pictures.

Pictures are converted in strips, so that the memory needed is the decoder's own and the result's, whatever the mode.
"""

from __future__ import annotations

import io
import re
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin, UnidentifiedImageError

from engine.errors import PictureError
from engine.media.budget import NARROWEST, Budget, too_hungry
from engine.media.deep_colour import WHOLE, deep_colour, float_size, is_deep_colour, scaled_rgb, usual_end
from engine.media.headers import is_heif
from engine.media.jpeg_end import completed
from engine.records import UInt8

FORMATS: Final[tuple[str, ...]] = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM", "AVIF")
"""What Pillow may try to read a file as; none of them starts another program."""
FORMATS_IN_WORDS: Final = "JPEG, PNG, WebP, BMP, GIF, TIFF, PPM or AVIF"
DATASET_FORMATS: Final[tuple[str, ...]] = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "PPM", "AVIF")

MINIMUM_SIDE: Final = 16
"""Pixels; the smallest input of any model here, and too few to hold a face that a person could read."""

_BACKGROUND: Final = (255, 255, 255)  # see-through parts are laid on white, as a page would show them
_STRIP: Final = 1 << 20  # pixels converted at a time
_ORIENTATION: Final = 0x0112  # EXIF 2.3
_NOTHING: Final = 24  # from the darkest to the brightest value of a frame that shows nothing yet
_MOST_FRAMES: Final = 100
_HIGH_OF_FOURTEEN: Final = 0x3F  # the high byte of 14 bits
_PHOTOMETRIC, _YCBCR = 262, 6  # TIFF 6.0

# First bytes of the formats above, to tell a damaged picture from a file that never was one.
_PICTURE_STARTS: Final[tuple[bytes, ...]] = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"BM", b"II*\0", b"MM\0*")
# (offset, bytes, what it is): files that people take for pictures, each with its own advice.
_NOT_PICTURES: Final[tuple[tuple[int, bytes, str], ...]] = (
    (0, b"%PDF", "a PDF document"),
    (0, b"%!PS", "a PostScript document"),
    (0, b"<svg", "an SVG drawing"),
    (0, b"<?xml", "an XML or SVG document"),
    (0, b"PK\x03\x04", "a zip archive"),
    (4, b"ftyp", "a video"),
    (0, b"\x1aE\xdf\xa3", "a video"),
    (8, b"AVI ", "a video"),
)

# Everything that Pillow's decoders raise on damaged input.
_DECODING_ERRORS: Final = (
    OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, AttributeError, ArithmeticError,
    RuntimeError, AssertionError, struct.error, zlib.error,
)  # fmt: skip

# Pillow warns about large pictures and odd tags in lines that name its own path; what matters is refused below.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")


@dataclass(frozen=True, eq=False)
class Decoded:
    """Pixels out of a file.

    Attributes:
        pixels: uint8, (H, W, 3) RGB, or (H, W) grey where the form allows it; upright.
        notes: plain sentences about what was done to them.
        many: the file has more frames or pages, of which this is the first; they are never counted, which can cost
            far more than decoding one.
    """

    pixels: UInt8
    notes: tuple[str, ...] = ()
    many: bool = False


def decode_shown(data: bytes, shown: str, budget: Budget) -> Decoded:
    """Decode a picture for a person: any depth and mode as (H, W, 3) RGB. ``shown`` is its name in messages.

    Raises:
        PictureError: one sentence with what was expected, what came and what to do.
    """
    try:
        return _decode_shown(data, shown, budget)
    except PictureError:
        whole = _whole_jpeg(data, budget)
        if whole is None:
            raise
        return _decode_shown(whole, shown, budget)


def _whole_jpeg(data: bytes, budget: Budget) -> bytes | None:
    """Return a JPEG that lacks nothing but its end marker with that marker; None for any other file."""
    if not data.startswith(b"\xff\xd8\xff") or data.endswith(b"\xff\xd9"):
        return None
    try:
        return completed(data, budget.pixels)
    except (MemoryError, Image.DecompressionBombError, *_DECODING_ERRORS):
        return None


def _decode_shown(data: bytes, shown: str, budget: Budget) -> Decoded:
    try:
        image = _open(data, FORMATS)
    except Image.DecompressionBombError as error:  # Pillow's own limit lies higher, and it names only the product
        count = re.search(r"\((\d+) pixels\)", str(error))
        claimed = f"{int(count[1]) / 1e6:,.0f} megapixels" if count else "far more"
        raise _too_many_pixels(claimed, shown, budget) from error
    except UnidentifiedImageError as error:
        if is_deep_colour(data, None):  # Pillow does not know colour of floats
            check_size(*float_size(data), shown, budget)
            return _deep_colour(data, shown, budget)
        raise unidentified(data, shown) from error
    except MemoryError as error:
        raise too_hungry(budget, shown) from error
    except _DECODING_ERRORS as error:
        raise damaged(shown) from error
    with image:
        if not is_deep_colour(data, image):
            return decode_image(image, shown, budget)
        check_size(*image.size, shown, budget)
        try:
            orientation = int(image.getexif().get(_ORIENTATION, 1))  # a TIFF forgets it while it is decoded
        except _DECODING_ERRORS as error:
            raise damaged(shown) from error
        found = decode_image(image, shown, budget)
        # Pillow keeps the high bytes alone; where those show that all 16 bits are used, they are the picture.
        high = max(end for _, end in cast("tuple[tuple[int, int], ...]", image.getextrema())[:3])
        if high > _HIGH_OF_FOURTEEN:
            return found
    many = found.many
    del found, image  # the memory is wanted again
    return _deep_colour(data, shown, budget, orientation, many=many)


def _deep_colour(data: bytes, shown: str, budget: Budget, orientation: int = 1, *, many: bool = False) -> Decoded:
    """Decode colour of 16 bits or floats, which is turned by ``orientation``; ``many``: it is the first of many."""
    notes: list[str] = []
    try:
        values = deep_colour(data)
    except MemoryError as error:
        raise too_hungry(budget, shown) from error
    except _DECODING_ERRORS as error:
        raise damaged(shown) from error
    if values is None:
        raise damaged(shown)
    colour = values[:, :, :3]
    low, high = float(colour.min()), float(colour.max())
    bottom, span = _range_of(low, high, notes, shown, is_float=values.dtype == np.float32, what="Colour")
    pixels, through = scaled_rgb(values, bottom, span)
    if through:
        notes.append("See-through parts were laid on white.")
    turn = _TURNS.get(orientation)
    if turn:
        pixels = np.ascontiguousarray(turn(pixels))
        notes.append("Turned upright, as the orientation stored in its file asks.")
    if many:
        notes.append("Many pages: the first is used.")
    return Decoded(pixels, tuple(notes), many)


def decode_image(image: Image.Image, shown: str, budget: Budget) -> Decoded:
    """Check the header, then decode the first frame; ``image`` is left at the frame where it stood.

    Raises:
        PictureError: one sentence.
    """
    check_size(*image.size, shown, budget)
    notes: list[str] = []
    try:
        stood_at = image.tell()
        # A camera's MPO holds previews of one picture, not frames.
        many = image.format != "MPO" and bool(getattr(image, "is_animated", False))
        try:
            number, pixels, turned = _first_seen(image, notes, shown, animated=many and image.format != "TIFF")
        finally:
            if image.tell() != stood_at:
                image.seek(stood_at)
    except MemoryError as error:
        raise too_hungry(budget, shown) from error
    except _DECODING_ERRORS as error:
        raise damaged(shown) from error
    if turned:
        notes.append("Turned upright, as the orientation stored in its file asks.")
    if many and image.format == "TIFF":
        notes.append("Many pages: the first is used.")
    elif many and number == 0:
        notes.append("Animated picture: the first frame is used.")
    elif many:
        notes.append(f"Animated picture: frame {number + 1} is used, the first that shows something.")
    return Decoded(pixels, tuple(notes), many)


def _first_seen(image: Image.Image, notes: list[str], shown: str, *, animated: bool) -> tuple[int, UInt8, bool]:
    """Return (number from 0, pixels, whether it was turned) of the first frame that shows something, else of the first.

    Animations fade in from one colour. At most :data:`_MOST_FRAMES` are looked at.
    """
    first: tuple[int, UInt8, bool] | None = None
    for number in range(_MOST_FRAMES if animated else 1):
        said: list[str] = []
        try:
            if number or animated or getattr(image, "is_animated", False):
                image.seek(number)
        except EOFError:  # there are no more
            break
        pixels, turned = _upright(image, lambda loaded, said=said: image_to_rgb(loaded, said, shown))  # type: ignore[misc]
        found = number, pixels, turned
        if first is None:
            first = found
            notes += said
        if not animated or int(pixels.max()) - int(pixels.min()) > _NOTHING:
            if number:
                notes[:] = said
            return found
    assert first is not None  # noqa: S101 - the first frame was decoded, or its error is on its way
    image.seek(0)
    return first


def decode_sample(data: bytes, shown: str, budget: Budget) -> Decoded:
    """Decode a picture of a dataset: (H, W) for grey modes, else (H, W, 3) RGB; 16-bit grey over its full range.

    Raises:
        PictureError: the reason alone.
    """
    try:
        return _decode_sample(data, shown, budget)
    except PictureError:
        whole = _whole_jpeg(data, budget)
        if whole is None:
            raise
        return _decode_sample(whole, shown, budget)


def _decode_sample(data: bytes, shown: str, budget: Budget) -> Decoded:
    try:
        with _open(data, DATASET_FORMATS) as image:
            check_sample_size(*image.size, shown, budget)
            return Decoded(_upright(image, _sample_pixels)[0])
    except UnidentifiedImageError as error:
        if is_deep_colour(data, None):  # Pillow does not know colour of floats
            check_sample_size(*float_size(data), shown, budget)
            return _deep_colour(data, shown, budget)
        missing = is_heif(data) and find_spec("pillow_heif") is None
        raise PictureError("a HEIC photograph, which needs pillow-heif" if missing else "not a picture") from error
    except Image.DecompressionBombError as error:
        raise PictureError(f"expected at most {budget.pixels // 10**6} million pixels, got far more") from error
    except MemoryError as error:
        raise too_hungry(budget, shown) from error
    except _DECODING_ERRORS as error:
        raise PictureError("the picture is damaged or cut short") from error


def check_size(width: int, height: int, shown: str, budget: Budget) -> None:
    """Raise PictureError for a picture too small, too large or too narrow to be one of a face."""
    if width < MINIMUM_SIDE or height < MINIMUM_SIDE:
        raise PictureError(
            f"Expected a picture of at least {MINIMUM_SIDE} x {MINIMUM_SIDE} pixels, but '{shown}' has "
            f"{width:,} x {height:,}; use a larger one."
        )
    if width * height > budget.pixels:
        claimed = f"{width:,} x {height:,} pixels ({width * height / 1e6:,.0f} megapixels)"
        raise _too_many_pixels(claimed, shown, budget)
    if max(width, height) > NARROWEST * min(width, height):
        raise PictureError(
            f"Expected a picture at most {NARROWEST} times as long as it is wide, but '{shown}' has "
            f"{width:,} x {height:,} pixels; cut out the part with the face."
        )


def check_sample_size(width: int, height: int, _shown: str, budget: Budget) -> None:
    """Raise PictureError, with the reason alone, for a picture that is too large for a dataset."""
    if width * height > budget.pixels:
        raise PictureError(f"expected at most {budget.pixels // 10**6} million pixels, got {width}x{height}")


@dataclass(frozen=True)
class Form:
    """What the bytes of a file may become: how a size is judged, and how they are decoded. Both raise PictureError."""

    check: Callable[[int, int, str, Budget], None]
    decode: Callable[[bytes, str, Budget], Decoded]


FORMS: Final[dict[str, Form]] = {
    "shown": Form(check_size, decode_shown),
    "sample": Form(check_sample_size, decode_sample),
}
"""By name: a picture that a person hands in, and one of a dataset."""


def _too_many_pixels(size: str, shown: str, budget: Budget) -> PictureError:
    return PictureError(
        f"Expected a picture of at most {budget.pixels // 10**6} megapixels, but '{shown}' has {size}; "
        "shrink it and try again."
    )


def unidentified(data: bytes, shown: str) -> PictureError:
    """Return the error for a file that is none of :data:`FORMATS`, with what it is where that can be told."""
    if is_heif(data) and find_spec("pillow_heif") is None:
        return PictureError(
            f"Expected a picture ({FORMATS_IN_WORDS}), but '{shown}' is a HEIC photograph, which needs pillow-heif; "
            "get it with: pip install -r requirements-extras.txt, or save the photograph as JPEG."
        )
    if is_heif(data):
        return damaged(shown)
    for offset, start, what in _NOT_PICTURES:
        if data[offset : offset + len(start)] == start:
            return PictureError(
                f"Expected a picture ({FORMATS_IN_WORDS}), but '{shown}' is {what}; save it as JPEG or PNG first."
            )
    if data.startswith(_PICTURE_STARTS) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP"):
        return damaged(shown)
    return PictureError(f"Expected a picture ({FORMATS_IN_WORDS}), but '{shown}' is not one; choose another file.")


def damaged(shown: str) -> PictureError:
    """Return the error for a picture that ends too early or breaks its format's rules."""
    return PictureError(
        f"Expected a complete picture, but '{shown}' is cut short or damaged; copy, save or download it again."
    )


def _open(data: bytes, formats: tuple[str, ...]) -> Image.Image:
    """Read the header.

    TIFFs come here in the other process alone, which has one thread, so that a switch of the library may be set.
    """
    image = Image.open(io.BytesIO(data), formats=_with_heif(data, formats))
    if isinstance(image, TiffImagePlugin.TiffImageFile) and image.tag_v2.get(_PHOTOMETRIC) == _YCBCR:
        # Pillow looks for four bytes a pixel in an unpacked YCbCr TIFF, which has three; libtiff does not.
        image.close()
        TiffImagePlugin.READ_LIBTIFF = True
        try:
            image = Image.open(io.BytesIO(data), formats=formats)
        finally:
            TiffImagePlugin.READ_LIBTIFF = False
    return image


def _with_heif(data: bytes, formats: tuple[str, ...]) -> tuple[str, ...]:
    """Return ``formats`` and, for a file that is one, HEIF, which an optional library reads."""
    if not is_heif(data):
        return formats
    try:
        import pillow_heif
    except ImportError:
        return formats
    pillow_heif.register_heif_opener()
    return (*formats, "HEIF")


def _upright(image: Image.Image, pixels_of: Callable[[Image.Image], UInt8]) -> tuple[UInt8, bool]:
    """Load ``image``, convert it with ``pixels_of`` and turn it as its EXIF asks; say whether it asked."""
    # Read before loading, too: a TIFF turns itself, and forgets the tag, while it is decoded.
    turned = image.getexif().get(_ORIENTATION, 1) in _TURNS
    image.load()
    pixels = pixels_of(image)
    turn = _TURNS.get(image.getexif().get(_ORIENTATION, 1))
    return (np.ascontiguousarray(turn(pixels)) if turn else pixels), turned


_TURNS: Final[dict[int, Callable[[UInt8], UInt8]]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: np.rot90,
}
"""What puts a picture of each orientation upright (EXIF 2.3, table of Orientation)."""


def _by_strips(image: Image.Image, bands: int, pixels_of: Callable[[Image.Image], NDArray[Any]]) -> UInt8:
    """Convert a loaded picture strip by strip to uint8 (H, W) for 1 of ``bands`` or (H, W, bands)."""
    pixels = np.empty((image.height, image.width, bands)[: 2 if bands == 1 else 3], dtype=np.uint8)
    for top, strip in _strips(image):
        pixels[top : top + strip.height] = pixels_of(strip)
    return pixels


def _strips(image: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    """Yield (top row, strip); a small picture is its own strip."""
    rows = max(1, _STRIP // image.width)
    if rows >= image.height:
        yield 0, image
        return
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))


def image_to_rgb(image: Image.Image, notes: list[str], shown: str) -> UInt8:
    """Return ``image`` in any Pillow mode as (H, W, 3) uint8 RGB, and add to ``notes`` what a person may want to know.

    Deep grey is scaled by its range, never clipped; see-through parts are laid on white; Pillow turns CMYK and
    knows that JPEG stores it inverted.
    """
    if image.mode == "F" or image.mode.startswith("I"):
        return _deep_grey_to_rgb(image, notes, shown)
    if "A" not in image.getbands() and "a" not in image.getbands() and "transparency" not in image.info:
        return _by_strips(image, 3, lambda strip: np.asarray(strip.convert("RGB")))
    seen_through: list[bool] = []  # an alpha channel that hides nothing needs no word

    def laid_on_white(strip: Image.Image) -> NDArray[Any]:
        layered = _straight_alpha(strip).convert("RGBA")
        seen_through.append(layered.getchannel("A").getextrema() != (255, 255))
        background = Image.new("RGB", strip.size, _BACKGROUND)
        background.paste(layered, mask=layered.getchannel("A"))
        return np.asarray(background)

    pixels = _by_strips(image, 3, laid_on_white)
    if any(seen_through):
        notes.append("See-through parts were laid on white.")
    return pixels


def _straight_alpha(image: Image.Image) -> Image.Image:
    """Premultiplied alpha converts only to its own straight form."""
    straight = {"La": "LA", "RGBa": "RGBA"}.get(image.mode)
    return image.convert(straight) if straight else image


def _deep_grey_to_rgb(image: Image.Image, notes: list[str], shown: str) -> UInt8:
    """Scale (H, W) grey of 16 bits, 32 bits or float to [0, 255] by the smallest usual range that holds it."""
    # In float64: the difference between the ends of float32 has no place in float32.
    ends = [(float(grey.min()), float(grey.max())) for grey in (np.asarray(strip) for _, strip in _strips(image))]
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    if not np.isfinite([value for pair in ends for value in pair]).all():  # NaN passes through min and max
        low = np.nan
    bottom, span = _range_of(low, high, notes, shown, is_float=image.mode == "F", what="Grey")

    def scaled(strip: Image.Image) -> NDArray[Any]:
        return np.rint((np.asarray(strip, dtype=np.float64) - bottom) / span * 255.0)[:, :, None]

    return _by_strips(image, 3, scaled)


def _range_of(
    low: float, high: float, notes: list[str], shown: str, *, is_float: bool, what: str
) -> tuple[float, float]:
    """Return where black lies and how far white is from it, for values from ``low`` to ``high``; note what is unusual.

    Raises:
        PictureError: they are not finite.
    """
    if not np.isfinite([low, high]).all():
        raise PictureError(
            f"Expected finite {what.lower()} values, but '{shown}' holds NaN or infinity; replace them and save it."
        )
    top = usual_end(low, high, is_float=is_float)
    if top is None:
        notes.append(f"{what} values from {low:g} to {high:g} were stretched to black and white.")
        return low, max(high - low, 1e-12)
    if top != WHOLE[-1] or is_float:
        notes.append(f"{what} values up to {high:g} were read on a scale from 0 to {top:g}.")
    return 0.0, top


def _sample_pixels(image: Image.Image) -> UInt8:
    """Bring any mode to grey or RGB: 16-bit grey is scaled, not clipped; transparency shows white behind it."""
    if image.mode.startswith("I"):
        return _by_strips(image, 1, _sixteen_bits_to_eight)
    if image.mode == "F":
        raise PictureError("expected whole-number pixels, got floating point; save it as an 8-bit picture")
    if image.mode in {"LA", "La", "PA", "RGBA", "RGBa"} or "transparency" in image.info:
        return _by_strips(image, 3, _composed_on_white)
    mode = "L" if image.mode in {"1", "L"} else "RGB"
    return _by_strips(image, len(mode), lambda strip: np.asarray(strip.convert(mode)))


def _sixteen_bits_to_eight(strip: Image.Image) -> NDArray[Any]:
    wide = np.asarray(strip).astype(np.float64)
    if wide.min() < 0 or wide.max() > 65535:
        raise PictureError("expected at most 16 bits a pixel, got more; save it as an 8-bit picture")
    return np.rint(wide / 257.0)


def _composed_on_white(strip: Image.Image) -> NDArray[Any]:
    front = _straight_alpha(strip).convert("RGBA")
    return np.asarray(Image.alpha_composite(Image.new("RGBA", front.size, "white"), front).convert("RGB"))
