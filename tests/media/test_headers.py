"""Ordinary files are plain and stay in this process; each kind of file that can cost far more than its bytes is not."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from PIL import Image

from engine.media.decoding import FORMATS
from engine.media.headers import PLAIN_PIXELS, Header, read_header
from tests import made_hostile as hostile
from tests.made_hostile import encoded

NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8))


def exif(orientation: int = 6) -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112] = orientation
    tags[0x010F] = "a camera"
    return tags


@pytest.mark.parametrize(
    "data",
    [
        encoded(NOISE, "JPEG"),
        encoded(NOISE, "JPEG", progressive=True, quality=95),
        encoded(NOISE, "JPEG", exif=exif()),
        encoded(NOISE, "JPEG", icc_profile=bytes(200_000)),
        encoded(NOISE.convert("L"), "JPEG"),
        encoded(NOISE.convert("CMYK"), "JPEG"),
        encoded(NOISE, "PNG"),
        encoded(NOISE, "PNG", exif=exif()),
        encoded(NOISE.convert("RGBA"), "PNG"),
        encoded(NOISE.convert("P"), "PNG", transparency=0),
        encoded(NOISE, "BMP"),
        encoded(NOISE, "WEBP"),
        encoded(NOISE, "WEBP", lossless=True),
        encoded(NOISE.convert("RGBA"), "WEBP", exact=True),
        encoded(NOISE, "PPM"),
        encoded(NOISE.convert("L"), "PPM"),
    ],
)
def test_ordinary_pictures_are_plain_and_their_size_is_read(data: bytes) -> None:
    header = read_header(data)
    assert (header.width, header.height, header.plain) == (90, 60, True)


@pytest.mark.parametrize("file_format", FORMATS)
def test_every_format_that_is_read_is_known_by_its_first_bytes(file_format: str) -> None:
    assert read_header(encoded(NOISE, file_format)).format == file_format


@pytest.mark.parametrize(
    "data",
    [
        hostile.jpeg_of_fill(10),
        hostile.jpeg_of_segments(65),
        hostile.jpeg_of_scans(2000, 20),
        hostile.jpeg_with_fat_exif(400, 3_000),
        hostile.png_of_chunks(2_001),
        hostile.png((32, 32), 8, 0, b"\0" * 33, more=hostile.png_chunk(b"tEXt", b"Raw profile type exif\0\n")),
        hostile.bmp_rle(40),
        hostile.ppm_of_endless_comments(100),
        hostile.ppm_of_one_comment(100),
        hostile.ppm_as_text(20),
        hostile.gif_of_frames(3),
        hostile.gif_of_comments(3),
        hostile.tiff_of_pages(1),
        hostile.tiff_of_fat_tags(3, 100),
        encoded(NOISE, "AVIF"),
        encoded(NOISE, "PNG", save_all=True, append_images=[NOISE.transpose(0)]),
        encoded(NOISE, "WEBP", save_all=True, append_images=[NOISE.transpose(0)]),
        b"P6 90 60 254 " + NOISE.tobytes(),
        encoded(NOISE, "JPEG")[:300],
        b"\xff\xd8\xff",
        b"RIFF\0\0\0\0WEBPVP8X",
    ],
)
def test_what_may_cost_more_is_not_plain(data: bytes) -> None:
    assert not read_header(data).plain


def test_large_pictures_are_not_plain() -> None:
    limit = PLAIN_PIXELS // 1000
    assert read_header(hostile.png_grey(1000, limit)) == Header("PNG", 1000, limit, plain=True)
    assert read_header(hostile.png_grey(1000, limit + 1)) == Header("PNG", 1000, limit + 1, plain=False)


def test_the_claims_of_an_exif_directory_are_added_up() -> None:
    assert read_header(hostile.jpeg_with_fat_exif(20, 40_000)).plain
    assert not read_header(hostile.jpeg_with_fat_exif(30, 40_000)).plain


def test_what_is_no_picture_has_no_format() -> None:
    for data in (b"", b"hello", bytes(100), b"%PDF-1.7", b"\0\0\0\x18ftypisom"):
        assert read_header(data) == Header("")
    assert read_header(b"\0\0\0\x18ftypheic" + bytes(40)) == Header("HEIF")  # never plain: decoded apart


def test_any_bytes_behind_a_start_are_read_without_an_error() -> None:
    rng = np.random.default_rng(5)
    starts = [
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"BM",
        b"RIFF\0\0\0\0WEBP",
        b"II*\0",
        b"P6",
        b"\0\0\0\0ftypavif",
    ]
    for start in starts:
        for length in range(60):
            assert read_header(start + rng.bytes(length)).format


def test_bitmaps_of_the_older_header_and_from_top_to_bottom() -> None:
    old = b"BM" + struct.pack("<IHHI", 0, 0, 0, 26) + struct.pack("<IHHHH", 12, 20, 30, 1, 24) + bytes(60 * 30)
    assert read_header(old) == Header("BMP", 20, 30, plain=True)
    downwards = bytearray(encoded(NOISE, "BMP"))
    struct.pack_into("<i", downwards, 22, -60)
    assert read_header(bytes(downwards)) == Header("BMP", 90, 60, plain=True)
