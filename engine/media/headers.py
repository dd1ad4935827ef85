"""What a picture file's first bytes say, read in a bounded number of steps, before a library is trusted with it.

A file is *plain* where its header shows that decoding costs about what its pixels cost. Whatever is not shown to be
plain is decoded in a process that can be ended: a decoder's worst case is far from its usual one (a JPEG may hold
thousands of scans of the whole picture, a TIFF's tags may each claim the whole file, a GIF's comments are joined one
by one), and a thread cannot interrupt it.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

PLAIN_BYTES: Final = 16_000_000
PLAIN_PIXELS: Final = 4_000_000
"""Above these a picture counts as large, and is decoded apart whatever its header says."""

_SCANNED: Final = 16 * PLAIN_PIXELS
"""Pixels times scans of a JPEG; a progressive one has about ten scans, and every one costs a walk over the picture."""
_SEGMENTS: Final = 64
_CHUNKS: Final = 2_000
_TAGS: Final = 256
_TAGGED_BYTES: Final = 1_000_000
"""What an EXIF directory may claim in all: Pillow copies out each tag's bytes, and tags may overlap."""


@dataclass(frozen=True)
class Header:
    """The header of a picture file.

    Attributes:
        format: Pillow's name of the format that the first bytes promise, or empty for none that is known here.
        width, height: pixels, 0 where the header does not say so cheaply.
        plain: it may be decoded in this process.
    """

    format: str
    width: int = 0
    height: int = 0
    plain: bool = False


def read_header(data: bytes) -> Header:
    """Return what ``data``, a whole file, says of itself. Damage is no error here: what is odd is not plain."""
    for name, (starts, read) in _READERS.items():
        if starts(data):
            try:
                width, height, simple = read(data)
            except (struct.error, IndexError, ValueError):  # cut short
                return Header(name)
            small = len(data) <= PLAIN_BYTES and 0 < width * height <= PLAIN_PIXELS
            return Header(name, width, height, simple and small)
    return Header("")


_Reading = tuple[int, int, bool]
"""Width and height (0 where unknown), and whether all that the reader saw is simple."""


def _jpeg(data: bytes) -> _Reading:
    """Walk the segments up to the first scan; Pillow walks the same ones in Python, so their number counts."""
    at, width, height, exifs, simple = 2, 0, 0, 0, True
    for _ in range(_SEGMENTS):
        fill, marker, length = struct.unpack_from(">BBH", data, at)
        body = slice(at + 4, at + 2 + length)
        if fill != 0xFF or length < 2:
            return width, height, False
        if marker in {0xC0, 0xC1, 0xC2}:  # baseline, extended, progressive: Huffman coded
            height, width = struct.unpack_from(">HH", data, at + 5)
        elif marker == 0xE1 and data[at + 4 : at + 10] == b"Exif\0\0":
            exifs += 1
            simple = simple and exifs == 1 and _directory_is_small(data[body][6:])
        elif marker == 0xE2 and data[at + 4 : at + 8] == b"MPF\0":
            simple = simple and _directory_is_small(data[body][4:])
        elif marker == 0xDA:
            # Stuffing keeps these two bytes out of coded data, so no scan is missed; a thumbnail's count as well.
            return width, height, simple and width * height * data.count(b"\xff\xda") <= _SCANNED
        elif not (0xE0 <= marker <= 0xEF or marker in {0xC4, 0xDB, 0xDD, 0xFE}):
            return width, height, False
        at += 2 + length
    return width, height, False


def _directory_is_small(tiff: bytes) -> bool:
    """Say whether the first directory of a TIFF structure, as EXIF is, claims few tags and few bytes."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return False
    (start,) = struct.unpack_from(f"{order}I", tiff, 4)
    (count,) = struct.unpack_from(f"{order}H", tiff, start)
    if count > _TAGS:
        return False
    claimed = 0
    for number in range(count):
        _, kind, values = struct.unpack_from(f"{order}HHI", tiff, start + 2 + 12 * number)
        claimed += min(values * _TYPE_BYTES.get(kind, 8), len(tiff))
    return claimed <= _TAGGED_BYTES


_TYPE_BYTES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
"""Bytes of a value of each TIFF type (TIFF 6.0, page 15)."""


def _png(data: bytes) -> _Reading:
    width, height = struct.unpack_from(">II", data, 16)
    return width, height, data[12:16] == b"IHDR" and all(_chunk_is_simple(*chunk) for chunk in _png_chunks(data))


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield (kind, body), the body empty for pixels; kind empty once there are more than a picture has."""
    at = 8
    for number in range(_CHUNKS + 1):
        if at + 8 > len(data):
            return
        length, kind = struct.unpack_from(">I4s", data, at)
        yield (kind, b"" if kind == b"IDAT" else data[at + 8 : at + 8 + length]) if number < _CHUNKS else (b"", b"")
        if kind == b"IEND":
            return
        at += 12 + length


def _chunk_is_simple(kind: bytes, body: bytes) -> bool:
    if kind == b"eXIf":
        return _directory_is_small(body)
    if kind in {b"tEXt", b"zTXt", b"iTXt"}:  # ImageMagick keeps EXIF in text, which Pillow reads as such
        return not body.startswith(b"Raw profile")
    return kind not in {b"", b"acTL"}  # an animation


def _bmp(data: bytes) -> _Reading:
    (size,) = struct.unpack_from("<I", data, 14)
    if size < 40:
        width, height = struct.unpack_from("<HH", data, 18)
        return width, height, size == 12
    width, height, _, _, compression = struct.unpack_from("<iiHHI", data, 18)
    return abs(width), abs(height), compression in {0, 3}  # run lengths are unpacked in Python


def _webp(data: bytes) -> _Reading:
    kind = data[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF, True
    if kind == b"VP8L":
        (packed,) = struct.unpack_from("<I", data, 21)
        return (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1, True
    if kind != b"VP8X":
        return 0, 0, False
    width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
    animated, has_exif = data[20] & 2, data[20] & 8
    return width, height, not animated and not has_exif


_PPM: Final = re.compile(rb"P[56]\s{1,2}(\d{1,6})\s{1,2}(\d{1,6})\s{1,2}255\s")


def _ppm(data: bytes) -> _Reading:
    """Only the shortest form is plain: text, comments and other depths are unpacked in Python, byte by byte."""
    found = _PPM.match(data)
    return (int(found[1]), int(found[2]), True) if found else (0, 0, False)


def _gif(data: bytes) -> _Reading:
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height, False


_HEIF_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})


def is_heif(data: bytes) -> bool:
    """Whether the first bytes are those of a HEIF file, as telephones write; some of them hold AVIF."""
    return data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS


def _apart(_data: bytes) -> _Reading:
    return 0, 0, False


_READERS: Final[dict[str, tuple[Callable[[bytes], bool], Callable[[bytes], _Reading]]]] = {
    "JPEG": (lambda data: data.startswith(b"\xff\xd8\xff"), _jpeg),
    "PNG": (lambda data: data.startswith(b"\x89PNG\r\n\x1a\n"), _png),
    "GIF": (lambda data: data.startswith((b"GIF87a", b"GIF89a")), _gif),
    "BMP": (lambda data: data.startswith(b"BM"), _bmp),
    "WEBP": (lambda data: data.startswith(b"RIFF") and data[8:12] == b"WEBP", _webp),
    "TIFF": (lambda data: data.startswith((b"II*\0", b"II\0*", b"MM\0*", b"MM*\0", b"II+\0", b"MM\0+")), _apart),
    "PPM": (lambda data: re.match(rb"P[0-6fy]", data) is not None, _ppm),
    "AVIF": (lambda data: data[4:8] == b"ftyp" and data[8:12] in {b"avif", b"avis"}, _apart),
    "HEIF": (is_heif, _apart),
}
"""Each format's first bytes and the reader of its header."""
