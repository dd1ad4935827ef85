from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from engine.errors import PictureError
from engine.media.budget import DATASET_PICTURE
from engine.media.decode import decode_file
from engine.media.pictures import open_picture

RGB = np.random.default_rng(5).integers(0, 256, (20, 24, 3)).astype(np.float64) / 255.0
RGB[0, 0], RGB[0, 1] = 1.0, (1.0, 0.0, 0.0)


def encoded(values: NDArray[np.generic], suffix: str) -> bytes:
    order = [2, 1, 0, 3][: values.shape[2]]
    done, data = cv2.imencode(suffix, np.ascontiguousarray(values[:, :, order]))
    assert done
    return data.tobytes()


def expect(data: bytes, expected: NDArray[np.float64]) -> tuple[str, ...]:
    found = open_picture(data)
    assert np.abs(found.pixels.astype(int) - np.rint(expected * 255).astype(int)).max() <= 1
    return found.notes


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
@pytest.mark.parametrize("top", [1023, 4095, 16383, 65535])
def test_ten_to_sixteen_bits_of_colour_have_their_brightness(suffix: str, top: int) -> None:
    notes = expect(encoded(np.rint(RGB * top).astype(np.uint16), suffix), RGB)
    said = f"Colour values up to {top:g} were read on a scale from 0 to {top:g}."
    assert notes == (() if top == 65535 else (said,))


@pytest.mark.parametrize("top", [1.0, 255.0])
def test_float_colour_of_a_tiff(top: float) -> None:
    notes = expect(encoded((RGB * top).astype(np.float32), ".tiff"), RGB)
    assert notes == (f"Colour values up to {top:g} were read on a scale from 0 to {top:g}.",)


def test_values_beyond_every_range_are_stretched_and_others_refused() -> None:
    assert "were stretched to black and white" in expect(encoded((RGB * 4 - 2).astype(np.float32), ".tiff"), RGB)[0]
    broken = RGB.astype(np.float32)
    broken[3, 3, 1] = np.nan
    with pytest.raises(PictureError, match="Expected finite colour values"):
        open_picture(encoded(broken, ".tiff"), name="a.tiff")


def test_see_through_parts_of_deep_colour_are_laid_on_white() -> None:
    alpha = np.ones((20, 24, 1))
    alpha[5] = 0.0
    values = np.rint(np.concatenate([RGB, alpha], axis=2) * 65535).astype(np.uint16)
    expected = RGB.copy()
    expected[5] = 1.0
    assert expect(encoded(values, ".png"), expected) == ("See-through parts were laid on white.",)


def test_deep_colour_is_turned_as_its_file_asks() -> None:
    data = encoded(np.rint(RGB * 65535).astype(np.uint16), ".png")
    exif = Image.Exif()
    exif[0x0112] = 6
    body = exif.tobytes().removeprefix(b"Exif\0\0")
    chunk = b"eXIf" + body
    chunk = struct.pack(">I", len(body)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    notes = expect(data[:33] + chunk + data[33:], np.rot90(RGB, -1))
    assert notes == ("Turned upright, as the orientation stored in its file asks.",)


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_a_cut_file_is_a_sentence(suffix: str) -> None:
    data = encoded(np.rint(RGB * 1023).astype(np.uint16), suffix)
    for length in range(30, len(data) - 60, len(data) // 9):
        with pytest.raises(PictureError):
            open_picture(data[:length])


def test_a_float_bomb_is_refused_by_its_header() -> None:
    data = bytearray(encoded(RGB.astype(np.float32), ".tiff"))
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    for number in range(count):
        at = start + 2 + 12 * number
        tag, kind = struct.unpack_from("<HH", data, at)
        if tag in (256, 257):
            struct.pack_into("<I" if kind == 4 else "<H", data, at + 8, 60_000)
    with pytest.raises(PictureError, match="megapixels"):
        open_picture(bytes(data))


def test_a_data_sets_float_colour_is_read_too() -> None:
    data = encoded(RGB.astype(np.float32), ".tiff")
    pixels = decode_file(data, "sample", shown="a", budget=DATASET_PICTURE).pixels
    np.testing.assert_allclose(pixels / 255, RGB, atol=0.5 / 255 + 1e-6)
