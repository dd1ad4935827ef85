"""Pictures: good ones of every format bent, those that cost more than their bytes, and arrays."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, Final

import numpy as np
from PIL import Image

from engine.media.pictures import open_picture
from tests import made_hostile as hostile
from tests.fuzz import mangle
from tests.fuzz.judge import Case

FORMATS: Final = (
    ("JPEG", "RGB", {}), ("JPEG", "L", {"progressive": True}), ("JPEG", "CMYK", {}), ("PNG", "RGB", {}),
    ("PNG", "P", {}),
    ("PNG", "LA", {}), ("PNG", "I;16", {}), ("PNG", "1", {}), ("GIF", "P", {}), ("WEBP", "RGBA", {}),
    ("WEBP", "RGB", {}),
    ("TIFF", "RGB", {}), ("TIFF", "F", {}), ("TIFF", "L", {"compression": "tiff_lzw"}), ("BMP", "RGB", {}),
    ("PPM", "RGB", {}), ("PPM", "L", {}), ("AVIF", "RGB", {}), ("ICO", "RGBA", {}), ("TGA", "RGB", {}),
)  # fmt: skip


def _size(chance: Random, least: int, most: int, *, heavy: bool) -> int:
    top = most if heavy else max(least + 1, most // 50)
    return round(least * (top / least) ** chance.random())


COSTLY: Final[dict[str, Callable[[Random, bool], bytes]]] = {
    "pages of a TIFF": lambda c, h: hostile.tiff_of_pages(_size(c, 2, 20_000, heavy=h)),
    "fat tags of a TIFF": lambda c, h: hostile.tiff_of_fat_tags(
        _size(c, 2, 2_000, heavy=h), _size(c, 9, 10**6, heavy=h)
    ),
    "comments of a PPM": lambda c, h: hostile.ppm_of_endless_comments(_size(c, 20, 10**7, heavy=h)),
    "one comment of a PPM": lambda c, h: hostile.ppm_of_one_comment(_size(c, 2, 10**7, heavy=h)),
    "a PPM as text": lambda c, h: hostile.ppm_as_text(_size(c, 2, 2_000, heavy=h)),
    "fill in a JPEG": lambda c, h: hostile.jpeg_of_fill(_size(c, 2, 10**7, heavy=h)),
    "segments of a JPEG": lambda c, h: hostile.jpeg_of_segments(_size(c, 2, 10**6, heavy=h)),
    "scans of a JPEG": lambda c, h: hostile.jpeg_of_scans(_size(c, 16, 3_000, heavy=h), _size(c, 2, 500, heavy=h)),
    "EXIF of a JPEG": lambda c, h: hostile.jpeg_with_fat_exif(_size(c, 2, 4_000, heavy=h), _size(c, 9, 9_000, heavy=h)),
    "frames of a GIF": lambda c, h: hostile.gif_of_frames(_size(c, 2, 10**6, heavy=h)),
    "comments of a GIF": lambda c, h: hostile.gif_of_comments(_size(c, 2, 100_000, heavy=h)),
    "a deep PNG": lambda c, h: hostile.png_rgba16(_size(c, 2, 7_000, heavy=h), _size(c, 2, 7_000, heavy=h)),
    "a long PNG": lambda c, h: hostile.png_grey(_size(c, 2, 3 * 10**6, heavy=h), _size(c, 1, 40, heavy=h)),
    "chunks of a PNG": lambda c, h: hostile.png_of_chunks(_size(c, 2, 10**6, heavy=h)),
    "runs of a BMP": lambda c, h: hostile.bmp_rle(_size(c, 2, 3_000, heavy=h)),
}
"""What is in them → a file of any size; ``heavy`` ones are fifty times as large."""


class Pictures:
    """Cases for :func:`engine.media.pictures.open_picture`."""

    def __init__(self, _folder: Path, *, heavy: bool) -> None:
        self.heavy = heavy
        self.good: list[tuple[str, bytes]] = []
        for form, mode, more in FORMATS:
            with warnings.catch_warnings(), io.BytesIO() as sink:
                warnings.simplefilter("ignore")
                image = Image.linear_gradient("L").resize((61, 47))
                image = image.convert("I;16") if mode == "I;16" else image.convert("RGB").convert(mode)
                image.save(sink, form, **more)  # type: ignore[arg-type]  # options of one format each
                self.good.append((f"{form} {mode}", sink.getvalue()))

    def make(self, chance: Random) -> Case:
        roll = chance.random()
        if roll < 0.2:
            name = chance.choice(list(COSTLY))
            data = COSTLY[name](chance, self.heavy)
            what, data = mangle.bytes_of(data, chance) if chance.random() < 0.2 else ("whole", data)
            return _case(f"{name}, {len(data):,} bytes, {what}", data, chance)
        if roll < 0.25:
            return _array(chance)
        name, good = chance.choice(self.good)
        what, data = mangle.bytes_of(good, chance)
        return _case(f"{name}, {what}", data, chance)


def _case(what: str, data: bytes, chance: Random) -> Case:
    name = mangle.text(chance)
    source = data if chance.random() < 0.7 else io.BytesIO(data)

    def run() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture = open_picture(source, name=name)
        assert picture.pixels.dtype == np.uint8

    return Case(what, run)


def _ask(array: np.ndarray[Any, Any]) -> None:
    open_picture(array)


def _array(chance: Random) -> Case:
    shape = tuple(chance.choice((0, 1, 2, 3, 4, 5, 48, 5_000)) for _ in range(chance.choice((0, 1, 2, 3, 3, 4))))
    kind = chance.choice(("uint8", "uint16", "bool", "float32", "float64", "int64", "complex64", "U3", "object"))
    while np.prod(shape, dtype=np.int64) > 10**7:
        shape = shape[:-1]
    array = np.zeros(shape, kind)
    if kind.startswith("float") and array.size:
        array.flat[0] = chance.choice((float("nan"), float("inf"), -1.0, 2.0, 1e38))
    return Case(f"array {kind} {shape}", lambda: _ask(array))
