from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from engine.data.read.sources import decode_picture, fit_picture, pixel_digest
from engine.errors import PictureError

RNG = np.random.default_rng(3)
GREY = RNG.integers(0, 256, (6, 5), dtype=np.uint8)
COLOUR = RNG.integers(0, 256, (6, 5, 3), dtype=np.uint8)


def save(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def test_grey_and_colour_come_out_as_they_went_in() -> None:
    assert np.array_equal(decode_picture(save(Image.fromarray(GREY))), GREY)
    assert np.array_equal(decode_picture(save(Image.fromarray(COLOUR))), COLOUR)


def test_grey_saved_as_colour_is_the_same_picture() -> None:
    tripled = decode_picture(save(Image.fromarray(np.repeat(GREY[..., None], 3, axis=2))))
    assert tripled.shape == (6, 5)
    assert pixel_digest(tripled) == pixel_digest(GREY)


def test_sixteen_bits_are_scaled_not_clipped() -> None:
    wide = np.array([[0, 257, 32896, 65535]], dtype=np.uint16)
    assert decode_picture(save(Image.fromarray(wide))).tolist() == [[0, 1, 128, 255]]


def test_what_is_see_through_is_white() -> None:
    layers = np.array([[[10, 20, 30, 0], [10, 20, 30, 255]]], dtype=np.uint8)
    assert decode_picture(save(Image.fromarray(layers))).tolist() == [[[255, 255, 255], [10, 20, 30]]]


def test_a_turned_photograph_is_put_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it rotated by 90 degrees clockwise
    assert np.array_equal(decode_picture(save(Image.fromarray(GREY), exif=exif)), np.rot90(GREY, -1))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"\0" * 2000, "not a picture"),
        (b"hello", "not a picture"),
        (save(Image.fromarray(RNG.integers(0, 256, (64, 64), dtype=np.uint8)))[:900], "cut short"),
        (save(Image.fromarray(np.ones((4, 4), np.float32)), "TIFF"), "floating point"),
    ],
)
def test_what_is_no_picture_raises_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(PictureError, match=reason):
        decode_picture(data)


@pytest.mark.parametrize("side", [8_000, 30_000])
def test_a_huge_picture_is_refused_from_its_header(side: int) -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    # There are no pixels behind this header: a decoder that went on would say "cut short".
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    with pytest.raises(PictureError, match="50 million pixels"):
        decode_picture(data)


def test_shrinking_averages_areas() -> None:
    assert fit_picture(np.array([[0, 100, 8, 8], [100, 200, 8, 8]] * 2, np.uint8), 2, 1).tolist() == [[100, 8]] * 2


def test_the_right_size_and_depth_is_left_alone() -> None:
    square = RNG.integers(0, 256, (8, 8), dtype=np.uint8)
    assert np.array_equal(fit_picture(square, 8, 1), square)
    assert np.array_equal(fit_picture(square, 8, 3), np.repeat(square[..., None], 3, axis=2))
    assert fit_picture(COLOUR, 8, 1).shape == (8, 8)
    assert fit_picture(COLOUR, 8, 3).shape == (8, 8, 3)


def test_a_digest_tells_pixels_and_shapes_apart() -> None:
    other = GREY.copy()
    other[5, 4] ^= 1
    assert len({pixel_digest(GREY), pixel_digest(other), pixel_digest(GREY.reshape(5, 6))}) == 3
    assert pixel_digest(GREY.copy()) == pixel_digest(np.asfortranarray(GREY))
