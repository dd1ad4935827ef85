"""One map over the face as a card: the picture, a thin colour bar with real numbers, what it is, and its grid.

A row of cards is one HTML grid, so that it breaks by itself on a narrow window. Under the pointer a card shows the
native cells in place of the smooth picture.

Attention between cells as cards: how much each place is looked at (see :mod:`engine.draw.overlay`).
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from dashboard.report.text import escape, gate_title, grid, layer_title, short
from dashboard.shared.figures.described import where_words
from engine.draw.colormaps import DIVERGING, colormap
from engine.draw.overlay import Range, display_ranges, overlay, placed_maps, received_map, resize_face
from engine.records import AttentionGate, Explanation, Float32, UInt8

CARD_PIXELS = 288
"""Side of a drawn map: six times 48, so that the cells of every four-block grid are whole pixels."""
SMALL_PIXELS = 144
"""The same for the small cards of a row."""


@dataclass(frozen=True)
class MapStyle:
    """How maps are drawn.

    Attributes:
        colors: a name in ``COLORMAPS``; signed maps take the diverging table whatever it says.
        opacity: 0 (face alone) to 1 (map alone).
        scale: ``fixed``, ``shared`` or ``stretch``.
        smooth: interpolate between cells, or draw blocks.
    """

    colors: str = "viridis"
    opacity: float = 0.55
    scale: str = "fixed"
    smooth: bool = True


@dataclass(frozen=True, eq=False)
class MapCard:
    """What one card shows.

    Attributes:
        title: short name, for example ``block 2``.
        values: (h, w) float32 on its native grid, or None where there is nothing to draw.
        limits: the range the colours span.
        note: a sentence in place of the map where ``values`` is None; else a remark under it, or empty.
        color: ``#rrggbb`` of the dot before the title, or empty.
        chosen: whether the card is the selected one.
        signed: whether negative values carry meaning.
    """

    title: str
    values: Float32 | None
    limits: Range
    note: str = ""
    color: str = ""
    chosen: bool = False
    signed: bool = False


def gate_cards(gates: Sequence[AttentionGate], scale: str) -> tuple[MapCard, ...]:
    """Return a card for each gate that has a place, all on the same scale unless it is ``stretch``.

    Gates over rows, columns and both are drawn as their means over the channels.
    """
    maps = placed_maps(gates)
    limits = display_ranges([values for _, values in maps], scale)
    return tuple(
        MapCard(layer_title(gate.layer), values, span) for (gate, values), span in zip(maps, limits, strict=True)
    )


def explanation_cards(
    maps: Sequence[Explanation], scale: str, *, titles: Sequence[str], colors: Sequence[str] = (), chosen: int = -1
) -> tuple[MapCard, ...]:
    """Return a card for each explanation; one without positive evidence says so instead of being drawn.

    An explanation has no range of its own: ``fixed`` and ``shared`` both run from zero to the largest value shown.
    """
    drawn = [entry for entry in maps if entry.signed or entry.has_positive_evidence]
    spans = display_ranges(
        [entry.heatmap for entry in drawn], scale, natural=None, signed=any(entry.signed for entry in drawn)
    )
    limits = {id(entry): span for entry, span in zip(drawn, spans, strict=True)}
    cards = []
    for index, entry in enumerate(maps):
        span = limits.get(id(entry))
        cards.append(
            MapCard(
                title=titles[index],
                values=entry.heatmap if span is not None else None,
                limits=span or (0.0, 0.0),
                note="" if span is not None else f"no positive evidence for {entry.target}",
                color=colors[index] if colors else "",
                chosen=index == chosen,
                signed=entry.signed,
            )
        )
    return tuple(cards)


def data_uri(picture: UInt8) -> str:
    """Return an (H, W) or (H, W, 3) uint8 picture as a ``data:`` address that an ``<img>`` takes.

    JPEG with full colour resolution: much quicker to make and smaller to send than PNG, and off by one to three levels
    on average. The file to download is a PNG.
    """
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="JPEG", quality=93, subsampling=0)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def color_bar(values: Float32, limits: Range, colors: str) -> str:
    """Return the thin colour bar: the range's ends in numbers, and a bracket from the map's minimum to its maximum."""
    low, high = limits
    width = high - low if high > low else 1.0
    at = [
        100 * min(1.0, max(0.0, (value - low) / width))
        for value in (float(values.min()), float(values.mean()), float(values.max()))
    ]
    return (
        f'<div class="fl-scale"><span>{short(low)}</span>'
        f'<span class="fl-ramp" style="background:linear-gradient(90deg, {colormap(colors).css()})">'
        f'<span class="fl-reach" style="left:{at[0]:.1f}%;width:{max(at[2] - at[0], 0.8):.1f}%"></span>'
        f'<span class="fl-mean" style="left:{at[1]:.1f}%"></span></span>'
        f"<span>{short(high)}</span></div>"
    )


def shape_of(face: UInt8) -> str:
    """Return the attribute by which a field has the shape of its picture; none for a square."""
    rows, columns = face.shape[:2]
    return "" if rows == columns else f' style="aspect-ratio:{columns}/{rows}"'


def _picture(face: UInt8, card: MapCard, style: MapStyle, pixels: int) -> str:
    if card.values is None:
        plain = data_uri(np.asarray(resize_face(face, pixels)))
        return (
            f'<div class="fl-map fl-none"{shape_of(face)}><img src="{plain}" '
            f'alt="{escape(card.title)}: {escape(card.note)}">'
            f'<span class="fl-nothing">{escape(card.note)}</span></div>'
        )
    colors = DIVERGING if card.signed else style.colors
    cells = overlay(
        face,
        card.values,
        limits=card.limits,
        colors=colors,
        opacity=style.opacity,
        smooth=False,
        size=pixels,
    )
    alternative = (
        f"{card.title}: map of {grid(card.values.shape)}, mean {short(float(card.values.mean()))}; "
        f"{where_words(card.values, signed=card.signed)}"
    )
    below = f'<img src="{data_uri(cells)}" alt="{escape(alternative)}">'
    if style.smooth:
        soft = overlay(
            face, card.values, limits=card.limits, colors=colors, opacity=style.opacity, smooth=True, size=pixels
        )
        below += f'<img class="fl-smooth" src="{data_uri(soft)}" alt="">'
    return f'<div class="fl-map"{shape_of(face)} title="{grid(card.values.shape)}">{below}</div>'


def card_html(face: UInt8, card: MapCard, style: MapStyle, pixels: int = CARD_PIXELS, below: str = "") -> str:
    """Return one card as HTML, its map ``pixels`` wide; ``face`` is (S, S[, 3]) uint8, ``below`` HTML at its foot."""
    dot = f'<span class="fl-dot" style="background:{card.color}"></span>' if card.color else ""
    parts = [_picture(face, card, style, pixels)]
    size = ""
    if card.values is not None:
        values = card.values
        size = f'<span class="fl-quiet">{grid(values.shape)}</span>'
        parts.append(color_bar(values, card.limits, DIVERGING if card.signed else style.colors))
        low, mean, high = short(float(values.min())), short(float(values.mean())), short(float(values.max()))
        parts.append(
            f'<div class="fl-raw"><span class="fl-word">min </span>{low} · <span class="fl-word">mean </span>'
            f'<b>{mean}</b> · <span class="fl-word">max </span>{high}</div>'
        )
    return (
        f'<figure class="fl-card{" fl-chosen" if card.chosen else ""}"><figcaption>{dot}'
        f"<b>{escape(card.title)}</b>{size}</figcaption>{''.join(parts)}{below}</figure>"
    )


def cards_html(
    face: UInt8, cards: Sequence[MapCard], style: MapStyle, *, small: bool = False, below: Sequence[str] = ()
) -> str:
    """Return a row of cards as one HTML grid that breaks by itself.

    ``small`` draws all but the first small; ``below`` holds HTML for the foot of the first few cards.
    """
    feet = (*below, *("" for _ in cards[len(below) :]))
    inside = "".join(
        card_html(face, card, style, SMALL_PIXELS if small and index else CARD_PIXELS, foot)
        for index, (card, foot) in enumerate(zip(cards, feet, strict=True))
    )
    return f'<div class="fl-cards{" fl-small" if small else ""}">{inside}</div>'


def received_maps(gates: Sequence[AttentionGate]) -> tuple[tuple[AttentionGate, Float32], ...]:
    """Return each ``cross`` gate with its map (h, w) float32 >= 0, mean 1; without those that ask no square grid."""
    found = ((gate, received_map(gate)) for gate in gates if gate.kind == "cross")
    return tuple((gate, values) for gate, values in found if values is not None)


def received_cards(gates: Sequence[AttentionGate], scale: str) -> tuple[MapCard, ...]:
    """Return a card for each of :func:`received_maps`; ``fixed`` is ``shared``, from 0 to the largest value shown."""
    maps = received_maps(gates)
    limits = display_ranges([values for _, values in maps], scale, natural=None)
    return tuple(
        MapCard(gate_title(gate.layer, gate.kind), None, (0.0, 0.0), even_words(values))
        if is_even(values)
        else MapCard(gate_title(gate.layer, gate.kind), values, span)
        for (gate, values), span in zip(maps, limits, strict=True)
    )


EVEN: Final = 0.05
"""A map whose every cell lies within so much of an even share says nothing of places."""


def is_even(values: Float32) -> bool:
    """Say whether a map (h, w) of mean 1 gives every place the same share, but for :data:`EVEN`."""
    return bool(np.abs(values - 1.0).max() < EVEN)


def even_words(values: Float32) -> str:
    """Say that a map is even, with its range."""
    return f"even: every place is looked at alike ({short(float(values.min()))} to {short(float(values.max()))})"
