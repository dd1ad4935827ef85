from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from engine.errors import PictureError
from engine.media.budget import PICTURE
from engine.media.decoding import decode_sample
from engine.media.jpeg_end import completed
from engine.media.pictures import open_picture
from engine.records import UInt8


def jpeg(*, side: int = 48, **how: bool) -> bytes:
    noise = np.random.default_rng(3).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).resize((side, side)).save(stream, "JPEG", **how)
    return stream.getvalue()


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("missing", [1, 2])
def test_without_its_end_marker_a_picture_is_whole(progressive: bool, missing: int) -> None:
    data = jpeg(progressive=progressive)
    assert data.endswith(b"\xff\xd9")
    found = open_picture(data[:-missing])
    assert found.pixels.tolist() == open_picture(data).pixels.tolist()
    sample = decode_sample(data[:-missing], "x", PICTURE).pixels
    assert sample.tolist() == decode_sample(data, "x", PICTURE).pixels.tolist()


def pixels_or_none(data: bytes) -> UInt8 | None:
    try:
        return open_picture(data).pixels
    except PictureError:
        return None


@pytest.mark.parametrize("progressive", [False, True])
def test_what_is_cut_in_its_coded_data_is_refused(progressive: bool) -> None:
    data = jpeg(progressive=progressive)
    whole = open_picture(data).pixels
    for missing in (*range(3, 40), *range(40, len(data) - 400, 97)):
        found = pixels_or_none(data[:-missing])
        assert found is None or found.tolist() == whole.tolist(), missing  # then nothing was lost but padding
    assert pixels_or_none(data[: len(data) // 2]) is None


def test_a_bomb_is_not_decoded_to_look_at_its_end() -> None:
    data = jpeg(side=64)
    assert completed(data[:-2], 64 * 64) == data
    assert completed(data[:-2], 64 * 64 - 1) is None
    assert completed(b"GIF89a", 100) is None
