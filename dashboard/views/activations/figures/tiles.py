"""Feature maps as a grid of small pictures, each with its channel's number and figures.

The feature maps to take along: a PNG of 300 dots an inch, large enough to print.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dashboard.report.subject import face as face_word
from dashboard.report.text import escape, short
from dashboard.shared.figures.colours import emotion_color
from dashboard.shared.figures.described import where_words
from dashboard.shared.figures.map_card import data_uri
from engine.draw.colormaps import DIVERGING, colormap
from engine.draw.overlay import Range, colorize, display_ranges, fitting, overlay, resize_face, resize_map
from engine.records import Float32, UInt8

SEQUENTIAL: Final = "viridis"
TILE_PIXELS: Final = 144
LARGE_PIXELS: Final = 288

CSS: Final = """<style>
.fl-maps{display:grid;grid-template-columns:repeat(auto-fill,minmax(104px,1fr));gap:.9rem .8rem;margin:.4rem 0}
.fl-maps figure{margin:0;min-width:0;font-size:.76rem;line-height:1.35;font-variant-numeric:tabular-nums}
.fl-maps img,.fl-channel img{display:block;width:100%;aspect-ratio:var(--fl-ratio,1);border-radius:3px;
 image-rendering:pixelated}
.fl-maps figcaption{margin-top:.25rem}.fl-maps figcaption b{font-weight:600;font-size:.82rem}
.fl-maps figcaption span{display:block;opacity:.68}
.fl-maps .fl-dot{width:.55em;height:.55em;margin-right:.3em}
.fl-maps .fl-marked img{outline:2px solid currentColor;outline-offset:2px}
.fl-channel{display:grid;grid-template-columns:repeat(auto-fit,minmax(140px,200px));gap:1rem 1.2rem;margin:.4rem 0}
.fl-channel.fl-smaller{grid-template-columns:repeat(auto-fill,minmax(104px,1fr));gap:.9rem .8rem}
.fl-channel figure{margin:0;font-size:.8rem}.fl-channel figcaption{margin-bottom:.3rem;opacity:.75}
</style>"""
"""Drawn once a run by the page, after the frame's own."""


@dataclass(frozen=True)
class ChannelFigures:
    """What is written under a map.

    Attributes:
        channel: its number. energy: mean square over the cells.
        f: the F statistic, or None where it is not asked for or the channel is constant over the sample.
        favourite: the class it answers most strongly to, or empty where chance would do.
    """

    channel: int
    energy: float
    f: float | None = None
    favourite: str = ""


@dataclass(frozen=True)
class Look:
    """How maps are drawn.

    Attributes:
        scale: ``shared`` (one range over the whole layer) or ``stretch`` (each map over its own).
        over_face: over the face, or the bare cells.
        opacity: of a map over the face.
    """

    scale: str = "shared"
    over_face: bool = False
    opacity: float = 0.6


def layer_ranges(values: Float32, look: Look) -> tuple[Range, ...]:
    """Return the range of each of the C maps (C, h, w): symmetric about zero where any value is negative."""
    signed = bool(values.min() < 0.0)
    return display_ranges(list(values), look.scale, natural=None, signed=signed)


def colours(values: Float32) -> str:
    """Return the table for a layer's maps (C, h, w): diverging where any value is negative."""
    return DIVERGING if bool(values.min() < 0.0) else SEQUENTIAL


def draw_map(values: Float32, face: UInt8, limits: Range, colors: str, look: Look, pixels: int) -> UInt8:
    """Draw one map (h, w), bare or over the face: uint8 (pixels, pixels, 3)."""
    if look.over_face:
        return overlay(face, values, limits=limits, colors=colors, opacity=look.opacity, smooth=False, size=pixels)
    return colorize(resize_map(values, fitting(face.shape, pixels), smooth=False), limits, colors)


def maps_grid(values: Float32, face: UInt8, shown: Sequence[ChannelFigures], look: Look, *, marked: int = -1) -> str:
    """Return a grid of some maps of a layer.

    Args:
        values: (C, h, w), the whole layer. face: (S, S) or (S, S, 3) uint8.
        shown: which channels, in order.
        look: how they are drawn.
        marked: the channel that is outlined.
    """
    ranges, colors = layer_ranges(values, look), colours(values)
    tiles = []
    for figures in shown:
        channel = figures.channel
        picture = draw_map(values[channel], face, ranges[channel], colors, look, TILE_PIXELS)
        low, high = float(values[channel].min()), float(values[channel].max())
        where = where_words(values[channel], signed=low < 0.0)
        strength = f"<span>loud {short(figures.energy)} (energy)</span>"
        if figures.f is not None:
            dot = f' · <i class="fl-dot" style="background:{emotion_color(figures.favourite)}"></i>'
            liked = dot + escape(figures.favourite) if figures.favourite else ""
            strength += f"<span>apart {figures.f:.1f} (F){liked}</span>"
        tiles.append(
            f'<figure{" class=fl-marked" if channel == marked else ""}><img src="{data_uri(picture)}" '
            f'alt="channel {channel}, {short(low)} to {short(high)}; {where}" title="{short(low)} to {short(high)}">'
            f"<figcaption><b>{channel}</b>{strength}</figcaption></figure>"
        )
    return f'<div class="fl-maps">{"".join(tiles)}</div>'


def scale_html(values: Float32, look: Look) -> str:
    """Return what the colours mean: one bar where the scale is shared, a sentence where it is not."""
    if look.scale == "stretch":
        return '<div class="fl-quiet">Each map over its own range: colours cannot be compared between channels.</div>'
    low, high = layer_ranges(values, look)[0]
    return (
        f'<div class="fl-scale" style="max-width:320px"><span>{short(low)}</span><span class="fl-ramp" '
        f'style="background:linear-gradient(90deg, {colormap(colours(values)).css()})"></span>'
        f"<span>{short(high)}</span></div>"
    )


def filter_picture(weights: Float32, *, signed: bool) -> UInt8:
    """Draw one filter (k, l), each weight as a block: uint8 (P, P, 3)."""
    reach = float(np.abs(weights).max())
    limits = (-reach, reach) if signed else (0.0, reach)
    return colorize(resize_map(weights, TILE_PIXELS, smooth=False), limits, DIVERGING if signed else SEQUENTIAL)


def channel_html(parts: Sequence[tuple[str, UInt8]], *, small: bool = False) -> str:
    """Return captioned pictures of one channel side by side."""
    figures = "".join(
        f'<figure><figcaption>{escape(said)}</figcaption><img src="{data_uri(picture)}" alt="{escape(said)}"></figure>'
        for said, picture in parts
    )
    return f'<div class="fl-channel{" fl-smaller" if small else ""}">{figures}</div>'


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
    tiles = [(f"the {face_word()}", resize_face(face, TILE))]
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


def read_beside(shown: Float32, pinned: Float32, name: str) -> str:
    """Say which channel differs most between the picture shown and the pinned one, which is called ``name``.

    Args:
        shown, pinned: (C,), each channel's energy for either.
    """
    most = int(np.abs(pinned - shown).argmax())
    return (
        f"The same channels for {name}, on its own scale. Most differs channel {most}: energy "
        f"{short(float(shown[most]))} here and {short(float(pinned[most]))} there."
    )
