"""Pictures with captions in rows, as one picture."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from engine.records import UInt8

GAP: Final = 8
LINE: Final = 14
_INK, _PAPER = (43, 58, 85), (253, 252, 250)


def contact_sheet(tiles: Sequence[tuple[str, UInt8]], *, columns: int = 4, width: int = 192) -> UInt8:
    """Draw pictures side by side, each under its caption: (H, W, 3) uint8 RGB.

    Args:
        tiles: caption and picture (h, w) or (h, w, 3) uint8, each scaled to ``width`` and keeping its shape.
        columns: tiles a row.
        width: of a tile in pixels.
    """
    if not tiles:
        raise ValueError("expected one tile or more")
    font = ImageFont.load_default(11)
    drawn = [(_lines(caption, width, font), _scaled(picture, width)) for caption, picture in tiles]
    rows = [drawn[start : start + columns] for start in range(0, len(drawn), columns)]
    captions = [max(len(lines) for lines, _ in row) * LINE for row in rows]
    heights = [words + max(picture.height for _, picture in row) for words, row in zip(captions, rows, strict=True)]
    across = max(len(row) for row in rows)
    sheet = Image.new("RGB", (GAP + across * (width + GAP), GAP + sum(heights) + GAP * len(rows)), _PAPER)
    pen = ImageDraw.Draw(sheet)
    top = GAP
    for words, height, row in zip(captions, heights, rows, strict=True):
        for number, (lines, picture) in enumerate(row):
            left = GAP + number * (width + GAP)
            pen.multiline_text((left, top), "\n".join(lines), fill=_INK, font=font, spacing=2)
            sheet.paste(picture, (left, top + words))
        top += height + GAP
    return np.asarray(sheet, dtype=np.uint8)


def _scaled(picture: UInt8, width: int) -> Image.Image:
    height = max(1, round(picture.shape[0] * width / picture.shape[1]))
    return Image.fromarray(picture).convert("RGB").resize((width, height), Image.Resampling.BICUBIC)


def _lines(caption: str, width: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> list[str]:
    fitting = max(8, int(width / max(1.0, font.getlength("n"))))
    return textwrap.wrap(caption, fitting, break_long_words=True)[:3] or [""]
