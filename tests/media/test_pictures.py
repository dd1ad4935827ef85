"""Pictures of every kind come out upright, RGB and uint8; what cannot be used is refused in one sentence."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engine.errors import PictureError
from engine.media import decoding, pictures
from engine.media.decoding import FORMATS
from engine.media.pictures import Picture, open_picture, pictures_in

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def encoded(image: Image.Image, file_format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def corners(width: int = 48, height: int = 32) -> Image.Image:
    """Red above left, green above right, blue below left, white below right."""
    image = Image.new("RGB", (width, height), WHITE)
    image.paste(RED, (0, 0, width // 2, height // 2))
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    return image


def corner_colours(pixels: np.ndarray) -> list[tuple[int, ...]]:
    """The colours at a quarter and three quarters, row by row, rounded to what JPEG cannot change."""
    height, width = pixels.shape[:2]
    spots = [(y, x) for y in (height // 4, 3 * height // 4) for x in (width // 4, 3 * width // 4)]
    return [tuple(255 if int(value) > 127 else 0 for value in pixels[spot]) for spot in spots]


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds almost nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("file_format", FORMATS)
def test_every_format_gives_the_same_upright_rgb(file_format: str) -> None:
    picture = open_picture(encoded(corners(), file_format), name="a.x")
    assert picture.pixels.shape == (32, 48, 3)
    assert picture.pixels.dtype == np.uint8
    assert corner_colours(picture.pixels) == [RED, GREEN, BLUE, WHITE]
    assert (picture.source, picture.first_of_many, picture.notes) == ("a.x", False, ())


# What the four quarters of a stored picture become when its tag is obeyed (EXIF 2.3, table of Orientation).
@pytest.mark.parametrize(
    ("orientation", "expected"),
    [
        (1, [RED, GREEN, BLUE, WHITE]),
        (2, [GREEN, RED, WHITE, BLUE]),
        (3, [WHITE, BLUE, GREEN, RED]),
        (4, [BLUE, WHITE, RED, GREEN]),
        (5, [RED, BLUE, GREEN, WHITE]),
        (6, [BLUE, RED, WHITE, GREEN]),
        (7, [WHITE, GREEN, BLUE, RED]),
        (8, [GREEN, WHITE, RED, BLUE]),
    ],
)
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_orientation_is_obeyed_once(file_format: str, orientation: int, expected: list[tuple[int, ...]]) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = open_picture(encoded(corners(), file_format, exif=exif))
    assert corner_colours(picture.pixels) == expected
    assert picture.pixels.shape == ((32, 48, 3) if orientation <= 4 else (48, 32, 3))
    assert bool(picture.notes) == (orientation > 1)


def test_see_through_parts_are_laid_on_white_and_said() -> None:
    half = Image.new("RGBA", (20, 20), (255, 0, 0, 51))  # a fifth of red on white: 255, 204, 204
    picture = open_picture(encoded(half, "PNG"))
    assert np.all(picture.pixels == (255, 204, 204))
    assert picture.notes == ("See-through parts were laid on white.",)
    assert np.all(open_picture(np.array(half)).pixels == (255, 204, 204))
    solid = open_picture(encoded(Image.new("RGBA", (20, 20), (255, 0, 0, 255)), "PNG"))
    assert solid.notes == ()
    assert np.all(solid.pixels == RED)


def test_grey_with_alpha_and_premultiplied_alpha() -> None:
    assert np.all(open_picture(encoded(Image.new("LA", (20, 20), (0, 51)), "PNG")).pixels == 204)
    premultiplied = Image.new("RGBA", (20, 20), (255, 0, 0, 51)).convert("RGBa")
    assert np.abs(open_picture(premultiplied).pixels.astype(int) - (255, 204, 204)).max() <= 1


def test_palette_with_and_without_a_see_through_colour() -> None:
    indexed = Image.new("P", (20, 20), 1)
    indexed.putpalette([0, 0, 255, 0, 255, 0])
    assert np.all(open_picture(encoded(indexed, "PNG")).pixels == GREEN)
    assert np.all(open_picture(encoded(indexed, "PNG", transparency=1)).pixels == WHITE)


def test_one_bit_and_grey() -> None:
    bits = Image.new("1", (20, 20), 0)
    bits.paste(1, (10, 0, 20, 20))
    pixels = open_picture(encoded(bits, "PNG")).pixels
    assert np.all(pixels[:, :10] == 0)
    assert np.all(pixels[:, 10:] == 255)
    assert np.all(open_picture(encoded(Image.new("L", (20, 20), 77), "PNG")).pixels == 77)


@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
def test_sixteen_bit_grey_is_scaled_not_clipped(file_format: str) -> None:
    ramp = np.tile(np.arange(256, dtype=np.uint16) * 257, (16, 1))  # 0 to 65535; 257 k is the 16-bit form of k
    picture = open_picture(encoded(Image.fromarray(ramp), file_format))
    assert np.array_equal(picture.pixels[0, :, 0], np.arange(256))
    assert np.array_equal(picture.pixels[..., 0], picture.pixels[..., 2])
    assert picture.notes == ()


def test_twelve_bits_in_sixteen_are_not_left_black() -> None:
    ramp = np.tile(np.array([0, 4095], dtype=np.uint16), (16, 8))
    picture = open_picture(encoded(Image.fromarray(ramp), "PNG"))
    assert (picture.pixels.min(), picture.pixels.max()) == (0, 255)
    assert picture.notes == ("Grey values up to 4095 were read on a scale from 0 to 4095.",)


def test_float_tiffs() -> None:
    ones = np.tile(np.array([0.0, 0.2, 1.0], dtype=np.float32), (16, 6))
    assert open_picture(encoded(Image.fromarray(ones), "TIFF")).pixels[0, :3, 0].tolist() == [0, 51, 255]
    signed = np.tile(np.array([-2.0, 0.0, 2.0], dtype=np.float32), (16, 6))
    stretched = open_picture(encoded(Image.fromarray(signed), "TIFF"))
    assert stretched.pixels[0, :3, 0].tolist() == [0, 128, 255]
    assert "stretched" in stretched.notes[0]
    signed[3, 3] = 3e38
    signed[3, 4] = -3e38  # float32 cannot hold their difference
    assert open_picture(encoded(Image.fromarray(signed), "TIFF")).pixels[3, 2:6, 0].tolist() == [128, 255, 0, 128]
    signed[3, 3] = np.nan
    with pytest.raises(PictureError, match="NaN"):
        open_picture(encoded(Image.fromarray(signed), "TIFF"), name="n.tif")


@pytest.mark.parametrize("file_format", ["JPEG", "TIFF"])
def test_cmyk_keeps_its_colours(file_format: str) -> None:
    data = encoded(corners().convert("CMYK"), file_format)
    assert file_format != "JPEG" or b"Adobe" in data  # the JPEG stores its inks inverted
    assert corner_colours(open_picture(data).pixels) == [RED, GREEN, BLUE, WHITE]


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate"])
def test_a_ycbcr_tiff_keeps_its_colours(compression: str | None) -> None:
    stored = corners().convert("YCbCr")
    picture = open_picture(encoded(stored, "TIFF", compression=compression))
    assert corner_colours(picture.pixels) == [RED, GREEN, BLUE, WHITE]
    assert np.abs(picture.pixels.astype(int) - np.array(stored.convert("RGB"))).max() <= 2


@pytest.mark.parametrize("file_format", ["GIF", "WEBP", "PNG"])
def test_animation_gives_its_first_frame_and_says_so(file_format: str) -> None:
    frames = [Image.new("RGB", (24, 24), colour) for colour in (RED, GREEN, BLUE)]
    picture = open_picture(encoded(frames[0], file_format, save_all=True, append_images=frames[1:], lossless=True))
    assert np.all(picture.pixels == RED)
    assert picture.first_of_many
    assert picture.notes == ("Animated picture: the first frame is used.",)


def test_pages_of_a_tiff_are_not_called_an_animation() -> None:
    data = encoded(corners(), "TIFF", save_all=True, append_images=[corners()])
    assert open_picture(data).notes == ("Many pages: the first is used.",)


def test_a_pillow_image_is_left_at_the_frame_where_it_stood() -> None:
    frames = [Image.new("RGB", (24, 24), colour) for colour in (RED, GREEN, BLUE)]
    with Image.open(io.BytesIO(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))) as image:
        image.seek(2)
        assert np.all(open_picture(image).pixels == RED)
        assert image.tell() == 2


def test_every_kind_of_source_gives_the_same_pixels(tmp_path: Path) -> None:
    data = encoded(corners(), "PNG")
    path = tmp_path / "folder" / "face.png"
    path.parent.mkdir()
    path.write_bytes(data)
    expected = np.array(corners())
    half_read = io.BytesIO(data)
    half_read.read(100)
    for source in (path, str(path), data, half_read, expected, corners(), expected / np.float32(255.0)):
        assert np.array_equal(open_picture(source).pixels, expected)
    assert open_picture(path).source == "face.png"
    with path.open("rb") as file:
        assert open_picture(file).source == "face.png"
    assert open_picture(data, name=r"C:\Users\me\photo.png").source == "photo.png"


def test_arrays_of_each_depth_and_shape() -> None:
    grey = np.arange(400, dtype=np.uint16).reshape(20, 20).astype(np.uint8)
    for source in (grey, grey[:, :, None], grey.astype(np.uint16) * 257, grey / 255.0):
        assert np.array_equal(open_picture(source).pixels, np.repeat(grey[:, :, None], 3, axis=2))
    assert np.all(open_picture(np.ones((20, 20), dtype=bool)).pixels == 255)
    colour = np.zeros((20, 20, 3), dtype=np.uint8)
    picture = open_picture(colour)
    picture.pixels[:] = 9
    assert colour.max() == 0  # its own memory


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (b"", "is empty (0 bytes)"),
        (b"hello, this is no picture at all", "is not one"),
        (b"%PDF-1.7 something", "a PDF document"),
        (b"\0\0\0\x18ftypheic" + bytes(40), "cut short or damaged"),
        (b"\0\0\0\x18ftypisom" + bytes(40), "a video"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "a PostScript document"),
        (b"\xff\xd8\xff\xe0", "cut short or damaged"),
        (encoded(corners(), "PNG")[:90], "cut short or damaged"),
        (png_header(1, 1), "has 1 x 1"),
        (png_header(200, 15), "has 200 x 15"),
        (png_header(8000, 5001), "8,000 x 5,001 pixels (40 megapixels)"),
        (png_header(30_000, 30_000), "900 megapixels"),
        (png_header(1_601, 16), "1,601 x 16 pixels; cut out the part with the face"),
        (png_header(16, 60_000), "16 x 60,000 pixels; cut out the part with the face"),
        (np.zeros((16, 4_000, 3), dtype=np.uint8), "4,000 x 16 pixels; cut out"),
        (np.zeros((3, 20, 20), dtype=np.uint8), "move the channels last"),
        (np.zeros(20, dtype=np.uint8), "got (20,)"),
        (np.zeros((0, 0, 3), dtype=np.uint8), "has 0 x 0"),
        (np.zeros((20, 20), dtype=np.int64), "got int64"),
        (np.full((20, 20), 2.0), "outside it"),
        (np.full((20, 20), np.nan), "outside it"),
        (np.zeros((20, 20, 2), dtype=np.uint8), "got (20, 20, 2)"),
        (io.StringIO("text"), "gives text"),
        (42, "got int"),
    ],
)
def test_refusals_are_one_sentence_without_a_path(source: Any, words: str) -> None:
    with pytest.raises(PictureError) as caught:
        open_picture(source, name="/secret/place/shot.png")
    message = str(caught.value)
    assert words in message
    assert message.startswith("Expected ")
    assert message.endswith(".")
    assert "\n" not in message
    assert "secret" not in message


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_truncated_file_is_refused_wherever_it_is_cut(file_format: str) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8))
    data = encoded(noise, file_format)
    for length in range(0, len(data) - 100, len(data) // 12):
        with pytest.raises(PictureError):
            open_picture(data[:length])


@pytest.mark.parametrize("file_format", FORMATS)
def test_damaged_bytes_raise_nothing_else(file_format: str) -> None:
    rng = np.random.default_rng(1)
    data = encoded(corners(), file_format)
    for _ in range(40):
        damaged = bytearray(data)
        for position in rng.integers(0, len(data), 4):
            damaged[position] = int(rng.integers(0, 256))
        try:
            picture = open_picture(bytes(damaged))
        except PictureError:
            continue
        assert picture.pixels.ndim == 3


@pytest.mark.parametrize("side", [7_000, 12_000, 30_000])
def test_a_bomb_is_refused_before_it_is_decoded(side: int) -> None:
    data = png_header(side, side)
    tracemalloc.start()
    try:
        with pytest.raises(PictureError, match="at most 40 megapixels"):
            open_picture(data, name="bomb.png")
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_a_bomb_is_refused_without_loading(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(Image.Image, "load", fail)
    with pytest.raises(PictureError, match="shrink it"):
        open_picture(png_header(7_000, 7_000))


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PictureError, match=r"no file 'gone\.png'") as caught:
        open_picture(tmp_path / "gone.png")
    assert str(tmp_path) not in str(caught.value)
    with pytest.raises(PictureError, match="is a folder"):
        open_picture(tmp_path)
    with pytest.raises(PictureError, match="cannot be read"):
        open_picture("x" * 5000 + ".png")
    big = tmp_path / "big.png"
    big.write_bytes(encoded(corners(), "PNG"))
    monkeypatch.setattr(pictures, "MAXIMUM_BYTES", 50)
    for source in (big, big.read_bytes(), io.BytesIO(big.read_bytes())):
        with pytest.raises(PictureError, match="is larger; shrink it"):
            open_picture(source, name="big.png")


def test_formats_that_run_other_programs_are_never_tried() -> None:
    assert not {"EPS", "PDF", "WMF", "FPX", "MIC", "PSD"} & set(FORMATS)
    with pytest.raises(PictureError):  # Pillow could read it; the list keeps it out
        open_picture(encoded(corners(), "PCX"))


def test_the_record_checks_itself() -> None:
    with pytest.raises(ValueError, match="uint8"):
        Picture(np.zeros((4, 4, 3), dtype=np.float32), "a")


def test_a_folders_pictures_are_known_by_name_or_first_bytes(tmp_path: Path) -> None:
    data = encoded(corners(), "PNG")
    for name in ("b.jfif", "a.JPE", "c.avif", "d.heic", "sub/picture", "sub/scan.dat", ".hidden/e.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    (tmp_path / "notes.txt").write_text("nothing to see")
    (tmp_path / ".DS_Store").write_bytes(b"x")
    pictures, others = pictures_in(tmp_path)
    assert [file.relative_to(tmp_path).as_posix() for file in pictures] == [
        "a.JPE", "b.jfif", "c.avif", "d.heic", "sub/picture", "sub/scan.dat",
    ]  # fmt: skip
    assert [file.name for file in others] == ["notes.txt"]


def gradient(shade: int) -> Image.Image:
    return Image.fromarray(np.tile(np.linspace(0, shade, 64, dtype=np.uint8), (64, 1)))


@pytest.mark.parametrize("file_format", ["GIF", "PNG", "WEBP"])
def test_an_animation_that_fades_in_is_taken_where_it_shows_something(file_format: str) -> None:
    frames = [gradient(shade) for shade in (0, 10, 200, 250)]
    picture = open_picture(encoded(frames[0], file_format, save_all=True, append_images=frames[1:]))
    assert picture.notes == ("Animated picture: frame 3 is used, the first that shows something.",)
    assert 190 <= int(picture.pixels.max()) <= 210
    nothing = open_picture(encoded(frames[0], file_format, save_all=True, append_images=[gradient(5)]))
    assert nothing.notes == ("Animated picture: the first frame is used.",)
    assert int(nothing.pixels.max()) == 0


def test_heic_photographs_are_read_and_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    colour = np.zeros((64, 96, 3), dtype=np.uint8)
    colour[:, :48] = (200, 60, 40)
    data = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(colour)).save(data, quality=95)
    picture = open_picture(data.getvalue())
    assert picture.pixels.shape == (64, 96, 3)
    assert np.abs(picture.pixels[:, 8:40].mean(axis=(0, 1)) - (200, 60, 40)).max() < 6
    monkeypatch.setattr(decoding, "find_spec", lambda _: None)
    said = str(decoding.unidentified(data.getvalue()[:64], "photo.heic"))
    assert "'photo.heic' is a HEIC photograph, which needs pillow-heif; get it with: pip install" in said
