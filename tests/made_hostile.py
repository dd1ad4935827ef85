"""Files that cost far more than their bytes, made in code; each says in its docstring what it is after."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
from PIL import Image


def tiff_of_pages(pages: int, side: int = 16) -> bytes:
    """A TIFF whose pages are one chain over one shared strip: counting them compares each with all before."""
    tags = [
        (256, 3, 1, side), (257, 3, 1, side), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8),
        (277, 3, 1, 1), (278, 3, 1, side), (279, 4, 1, side * side),
    ]  # fmt: skip
    body = bytearray(b"II*\0" + struct.pack("<I", 8 + side * side) + bytes([77]) * (side * side))
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    for page in range(pages):
        end = len(body) + 2 + len(entries) + 4
        following = end if page < pages - 1 else 0
        body += struct.pack("<H", len(tags)) + entries + struct.pack("<I", following)
    return bytes(body)


def tiff_of_fat_tags(tags: int, size: int) -> bytes:
    """A TIFF of which each tag claims the whole file: reading its directory takes tags times size bytes."""
    first = [(256, 3, 1, 64), (257, 3, 1, 64), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8)]
    first += [(277, 3, 1, 1), (278, 3, 1, 64), (279, 4, 1, 64 * 64)]
    count = len(first) + tags
    body = bytearray(b"II*\0" + struct.pack("<I", 8 + size) + bytes(size) + struct.pack("<H", count))
    for tag in first:
        body += struct.pack("<HHII", *tag)
    for tag in range(tags):
        body += struct.pack("<HHII", 40_000 + tag % 25_000, 7, size, 8)
    return bytes(body + bytes(4))


def ppm_of_endless_comments(size: int) -> bytes:
    """A PPM whose header is one comment after another and never comes to the picture."""
    return b"P6\n" + (b"#" + b"x" * 10 + b"\n") * (size // 12)


def ppm_of_one_comment(size: int) -> bytes:
    """A PPM whose header is a comment that does not end."""
    return b"P6\n#" + b"x" * size


def ppm_as_text(side: int) -> bytes:
    """A PPM whose samples are written as decimal text."""
    row = b"7 " * (3 * side) + b"\n"
    return b"P3\n%d %d\n255\n" % (side, side) + row * side


def jpeg_of_fill(size: int) -> bytes:
    """A JPEG that puts fill bytes, which the standard allows in any number, before its first marker."""
    whole = encoded(Image.new("RGB", (64, 64), (200, 30, 30)), "JPEG")
    return whole[:2] + b"\xff" * size + whole[2:]


def jpeg_of_segments(count: int) -> bytes:
    """A JPEG with ``count`` empty application segments before its picture."""
    whole = encoded(Image.new("RGB", (64, 64), (200, 30, 30)), "JPEG")
    return whole[:2] + b"\xff\xed\x00\x02" * count + whole[2:]


def jpeg_of_scans(side: int, scans: int) -> bytes:
    """A progressive JPEG that repeats one refining scan, each of which walks over the whole picture again."""
    whole = encoded(Image.new("L", (side, side), 99), "JPEG", progressive=True, quality=50)
    starts = [at for at in range(len(whole) - 1) if whole[at : at + 2] == b"\xff\xda"]
    # From before its Huffman table to the end of the last scan.
    last = whole.rfind(b"\xff\xc4", 0, starts[-1])
    again = whole[last if last > starts[-2] else starts[-1] : -2]
    return whole[:-2] + again * scans + whole[-2:]


def jpeg_with_fat_exif(tags: int, size: int) -> bytes:
    """A JPEG whose EXIF directory has ``tags`` entries that each claim the whole of the EXIF."""
    body = b"II*\0" + struct.pack("<IH", 8, tags)
    for tag in range(tags):
        body += struct.pack("<HHII", 0x8000 + tag, 7, size, 8)
    body = (body + bytes(4)).ljust(size + 8, b"\0")
    exif = b"Exif\0\0" + body
    whole = encoded(Image.new("RGB", (64, 64), (200, 30, 30)), "JPEG")
    return whole[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + whole[2:]


def gif_of_frames(frames: int) -> bytes:
    """A GIF of ``frames`` frames of one pixel after a first one of 16x16."""
    first = encoded(Image.new("P", (16, 16), 3), "GIF")
    return first[:-1] + b"\x2c\0\0\0\0\1\0\1\0\0\x02\x02\x44\x01\x00" * frames + b";"


def gif_of_comments(count: int) -> bytes:
    """A GIF whose comment has ``count`` blocks: joining them one by one copies them all each time."""
    whole = encoded(Image.new("P", (16, 16), 3), "GIF")
    at = whole.index(b"\x2c")
    return whole[:at] + b"\x21\xfe" + (b"\xff" + b"c" * 255) * count + b"\0" + whole[at:]


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(side: tuple[int, int], bit_depth: int, colour: int, line: bytes, *, more: bytes = b"") -> bytes:
    """A PNG of identical lines (``line`` begins with its filter), packed without holding it whole."""
    packer = zlib.compressobj(9)
    packed = b"".join([packer.compress(line) for _ in range(side[1])] + [packer.flush()])
    head = struct.pack(">IIBBBBB", *side, bit_depth, colour, 0, 0, 0)
    chunks = png_chunk(b"IHDR", head) + more + png_chunk(b"IDAT", packed) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def png_rgba16(width: int, height: int) -> bytes:
    """A half see-through PNG of 16 bits a channel: eight bytes a pixel out of almost none."""
    return png((width, height), 16, 6, b"\0" + b"\x80\x01\x40\x02\x20\x03\x7f\xff" * width)


def png_grey(width: int, height: int) -> bytes:
    """A grey PNG of any shape."""
    return png((width, height), 8, 0, b"\0" + b"\x50" * width)


def png_of_chunks(count: int) -> bytes:
    """A PNG with ``count`` empty chunks of no importance."""
    return png(
        (32, 32), 8, 0, b"\0" + b"\x50" * 32, more=(bytes(4) + b"juNk" + struct.pack(">I", zlib.crc32(b"juNk"))) * count
    )


def bmp_rle(side: int) -> bytes:
    """A run-length coded BMP of single-pixel runs, which Pillow decodes in Python."""
    data = (b"\x01\x05" * side + b"\0\0") * side + b"\0\1"
    offset = 14 + 40 + 1024
    head = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, 1, len(data), 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", offset + len(data), 0, 0, offset) + head + bytes(1024) + data


def encoded(image: Image.Image, file_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def zip_of_table(path: Path, rows: int, row: bytes) -> None:
    """A zip with one CSV of ``rows`` equal rows, each with its line end."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
        archive.open("fer2013.csv", "w") as out,
    ):
        out.write(b"emotion,pixels,Usage\n")
        for start in range(0, rows, 100_000):
            out.write(row * min(100_000, rows - start))


def zip_of_line(path: Path, size: int) -> None:
    """A zip with one CSV whose second line never ends."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
        archive.open("a.csv", "w", force_zip64=True) as out,
    ):
        out.write(b"emotion,pixels,Usage\n")
        for _ in range(size // 1_000_000):
            out.write(b"1" * 1_000_000)


class _Zeros(io.RawIOBase):
    def __init__(self, size: int) -> None:
        self.left = size

    def read(self, size: int = -1) -> bytes:
        given = min(self.left, size if size >= 0 else self.left)
        self.left -= given
        return bytes(given)


def tar_of_zeros(path: Path, size: int, name: str = "happy/a.jpg") -> None:
    """A tar.gz with one member of ``size`` zero bytes."""
    with tarfile.open(path, "w:gz", compresslevel=9) as archive:
        info = tarfile.TarInfo(name)
        info.size = size
        archive.addfile(info, _Zeros(size))


def tiff_float(values: np.ndarray) -> bytes:
    return encoded(Image.fromarray(values.astype(np.float32)), "TIFF")
