"""The class x layer grid as one picture: a row a class, a column a layer, each map with its range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dashboard.figures.class_maps import CellMap, column_title
from dashboard.views.class_attention.figures.grid import colors_of, count_words, number
from engine.draw.overlay import Range, colorize, resize_map
from engine.records import UInt8

CELL: Final = 120
GAP: Final = 12
LEFT: Final = 110
TOP: Final = 64
BELOW: Final = 18
INK: Final = "#1d2026"
QUIET: Final = "#6d7078"


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=size)


def class_sheet(
    cells: Sequence[CellMap], ranges: Mapping[str, Range], shows: str, *, classes: Sequence[str], title: str
) -> UInt8:
    """Draw the cells of one model: (H, W, 3) uint8 on white; a cell without pictures stays empty.

    Args:
        cells: of each layer and class. ranges: layer → the range of its colours, which stands under its heading.
        shows: one of :data:`dashboard.figures.class_maps.SHOWS`. classes: K names, the rows. title: above.
    """
    layers = tuple(dict.fromkeys(cell.layer for cell in cells))
    size = (LEFT + len(layers) * (CELL + GAP) + GAP, TOP + len(classes) * (CELL + BELOW + GAP) + GAP)
    sheet = Image.new("RGB", size, "#ffffff")
    draw = ImageDraw.Draw(sheet)
    draw.text((GAP, GAP - 6), title, fill=INK, font=_font(16))
    for column, layer in enumerate(layers):
        left = LEFT + column * (CELL + GAP)
        low, high = (number(value, shows).replace("−", "-") for value in ranges[layer])
        draw.text((left, TOP - 36), column_title(layer), fill=INK, font=_font(14))
        draw.text((left, TOP - 18), f"{low} to {high}", fill=QUIET, font=_font(12))
    for row, label in enumerate(classes):
        top = TOP + row * (CELL + BELOW + GAP)
        draw.text((GAP, top + CELL // 2), label, fill=INK, font=_font(15))
        for cell in (cell for cell in cells if cell.label == label):
            left = LEFT + layers.index(cell.layer) * (CELL + GAP)
            if cell.values is None:
                draw.rectangle((left, top, left + CELL - 1, top + CELL - 1), outline=QUIET)
            else:
                values = resize_map(cell.values.astype(np.float32), CELL, smooth=False)
                sheet.paste(Image.fromarray(colorize(values, ranges[cell.layer], colors_of(shows))), (left, top))
            draw.text((left, top + CELL + 1), count_words(cell.n), fill=QUIET, font=_font(12))
    return np.asarray(sheet, dtype=np.uint8)
