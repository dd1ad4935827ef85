"""The feature maps to take along: a PNG of 300 dots an inch, large enough to print."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from dashboard.report.text import short
from dashboard.views.activations.figures.tiles import ChannelFigures, Look, colours, draw_map, layer_ranges
from engine.draw.overlay import resize_face
from engine.records import Float32, UInt8

DPI: Final = 300
TILE: Final = 240
"""Side of a map: 0.8 inch, two centimetres."""
GAP: Final = 30
LINE: Final = 44
COLUMNS: Final = 6
INK: Final = "#1d2026"
PAPER: Final = "#ffffff"


def activation_sheet(
    values: Float32, face: UInt8, shown: Sequence[ChannelFigures], look: Look, *, title: str, footer: str
) -> bytes:
    """Draw the face and the maps of some channels; return the bytes of a PNG that says its 300 dots an inch.

    Args:
        values: (C, h, w), the whole layer, so that the scale is that of the page.
        face: (S, S) or (S, S, 3) uint8.
        shown: which channels, in order. look: how they are drawn.
        title: above them. footer: below.
    """
    ranges, colors = layer_ranges(values, look), colours(values)
    tiles = [("the face", resize_face(face, TILE))]
    tiles += [
        (
            f"{one.channel}  F {one.f:.1f}" if one.f is not None else f"{one.channel}  energy {short(one.energy)}",
            draw_map(values[one.channel], face, ranges[one.channel], colors, look, TILE),
        )
        for one in shown
    ]
    rows = -(-len(tiles) // COLUMNS)
    width = GAP + COLUMNS * (TILE + GAP)
    height = 2 * GAP + 2 * LINE + rows * (TILE + LINE + GAP)
    sheet = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((GAP, GAP), title, fill=INK, font=ImageFont.load_default(size=34))
    small = ImageFont.load_default(size=24)
    for number, (said, picture) in enumerate(tiles):
        row, column = divmod(number, COLUMNS)
        left, top = GAP + column * (TILE + GAP), 2 * GAP + LINE + row * (TILE + LINE + GAP)
        sheet.paste(Image.fromarray(picture), (left, top))
        draw.text((left, top + TILE + 6), said, fill=INK, font=small)
    draw.text((GAP, height - LINE), footer, fill=INK, font=small)
    sink = io.BytesIO()
    sheet.save(sink, "PNG", dpi=(DPI, DPI))
    return sink.getvalue()
