"""Files that cost far more than their bytes give a picture or one sentence, and nothing of them is decoded here."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import GifImagePlugin, Image, TiffImagePlugin

from engine.errors import PictureError
from engine.media import decode
from engine.media.budget import Budget, OverBudgetError
from engine.media.decode import decode_file
from engine.media.decoding import Decoded, decode_image
from tests import made_hostile as hostile
from tests.made_hostile import encoded

SHORT = Budget(seconds=0.25)


def shown(data: bytes, budget: Budget = SHORT) -> Decoded:
    return decode_file(data, "shown", shown="x.img", budget=budget)


# Each needs well above a second of computing where nothing ends it.
@pytest.mark.parametrize(
    "make",
    [
        lambda: hostile.ppm_of_endless_comments(20_000_000),
        lambda: hostile.ppm_of_one_comment(20_000_000),
        lambda: hostile.ppm_as_text(1_500),
        lambda: hostile.jpeg_of_fill(10_000_000),
        lambda: hostile.jpeg_of_segments(1_000_000),
        lambda: hostile.jpeg_of_scans(4_000, 300),
        lambda: hostile.gif_of_comments(50_000),
        lambda: hostile.png_of_chunks(1_000_000),
        lambda: hostile.bmp_rle(2_000),
    ],
    ids=["comments", "comment", "text", "fill", "segments", "scans", "gif-comments", "chunks", "runs"],
)
def test_a_picture_that_takes_too_long_is_ended_with_a_sentence(
    make: Callable[[], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = make()
    monkeypatch.setattr(Image, "open", lambda *_, **__: pytest.fail("opened in this process"))
    with pytest.raises(OverBudgetError) as caught:
        shown(data)
    assert str(caught.value) == (
        "Expected a picture that is decoded within 0.25 seconds, but 'x.img' needs more; "
        "open it in a picture editor and save it as a plain JPEG or PNG."
    )
    assert shown(hostile.gif_of_frames(0), Budget()).pixels.shape == (16, 16, 3)  # the next one is decoded


def test_a_picture_that_takes_too_much_memory_is_refused_with_a_sentence() -> None:
    tight = Budget(memory=250_000_000, pixels=4_000_000)
    with pytest.raises(OverBudgetError, match="within 250 MB of memory"):
        shown(hostile.tiff_of_fat_tags(2_000, 1_000_000), tight)
    assert shown(hostile.tiff_of_fat_tags(3, 5_000), tight).pixels.shape == (64, 64, 3)


def test_pixels_that_need_too_much_memory_are_not_called_damaged() -> None:
    data = encoded(Image.new("RGB", (4_000, 4_000), (10, 20, 30)), "JPEG", progressive=True)
    with pytest.raises(OverBudgetError, match="MB of memory"):
        shown(data, Budget(memory=60_000_000 + 48_000_000, pixels=16_000_000))
    assert np.all(shown(data, Budget(memory=300_000_000)).pixels == (10, 20, 30))


def test_forty_megapixels_of_sixteen_bits_fit_into_the_budget() -> None:
    decoded = shown(hostile.png_rgba16(8_000, 5_000), Budget(seconds=60.0, memory=600_000_000))
    assert decoded.pixels.shape == (5_000, 8_000, 3)
    # On white: 0.5 (0x80) of each colour beside 0.5 of 255; as 8 bits 0x80, 0x40 and 0x20 under an alpha of 0x7f.
    assert np.all(decoded.pixels == (192, 160, 144))
    assert decoded.notes == ("See-through parts were laid on white.",)


@pytest.mark.parametrize("data", [hostile.tiff_of_pages(5_000), hostile.gif_of_frames(200_000)], ids=["tiff", "gif"])
def test_frames_and_pages_are_never_counted(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: Any = property(lambda _: pytest.fail("counted"))
    monkeypatch.setattr(TiffImagePlugin.TiffImageFile, "n_frames", counted)
    monkeypatch.setattr(GifImagePlugin.GifImageFile, "n_frames", counted)
    with Image.open(io.BytesIO(data)) as image:
        decoded = decode_image(image, "x", Budget())
    assert decoded.many
    assert "the first" in decoded.notes[0]


def test_plain_pictures_stay_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "decode_apart", lambda _: pytest.fail("sent away"))
    face = Image.new("RGB", (48, 48), (200, 150, 100))
    for file_format in ("JPEG", "PNG", "WEBP", "BMP", "PPM"):
        assert shown(encoded(face, file_format)).pixels.shape == (48, 48, 3)


@pytest.mark.parametrize("form", ["shown", "sample"])
@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P", "RGBA", "LA", "I;16", "CMYK"])
def test_both_processes_and_all_strips_give_the_same_pixels(
    form: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(7)
    noise = Image.fromarray(rng.integers(0, 256, (50, 40, 3), dtype=np.uint8))
    noise.putalpha(Image.fromarray(rng.integers(0, 256, (50, 40), dtype=np.uint8)))
    grey = Image.fromarray(rng.integers(0, 65_536, (50, 40)).astype(np.uint16))
    image = grey if mode == "I;16" else noise if mode == "RGBA" else noise.convert("RGB").convert(mode)
    data = encoded(image, "TIFF" if mode == "CMYK" else "PNG")
    budget = Budget()
    here = decode.FORMS[form].decode(data, "x", budget)
    there = decode.decode_apart(decode.Request(data, form, "x", budget))
    monkeypatch.setattr("engine.media.decoding._STRIP", 300)  # seven rows
    stripped = decode.FORMS[form].decode(data, "x", budget)
    for other in (there, stripped):
        assert other.pixels.dtype == np.uint8
        assert np.array_equal(here.pixels, other.pixels)
        assert (here.notes, here.many) == (other.notes, other.many)


def test_a_size_in_the_header_is_judged_without_waiting_for_the_other_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "decode_apart", lambda _: pytest.fail("sent away"))
    with pytest.raises(PictureError, match="at most 40 megapixels"):
        shown(hostile.png_grey(7_000, 7_000))
    with pytest.raises(PictureError, match="100 times"):
        shown(hostile.png_grey(2_500_000, 16))
    with pytest.raises(PictureError, match="got 7200x7200"):
        decode_file(hostile.png_grey(7_200, 7_200), "sample", shown="x", budget=Budget(pixels=50_000_000))


def test_a_file_that_is_no_picture_is_looked_at_no_further() -> None:
    with pytest.raises(PictureError, match="is not one"):
        shown(b"hello" * 1_000_000)
    with pytest.raises(PictureError, match="a PDF document"):
        shown(b"%PDF-1.7" + bytes(1_000_000))
