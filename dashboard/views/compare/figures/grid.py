"""The aligned table of the Compare page: a column a model, a column for the difference, a row a quantity."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import numpy as np

from dashboard.report.glossary import marked
from dashboard.report.text import escape, grid, short
from dashboard.shared.figures.described import where_words
from dashboard.shared.figures.map_card import MapCard, MapStyle, color_bar, data_uri, shape_of
from dashboard.shared.figures.pair import PairedMaps, agreement_help, agreement_words, reach_words
from engine.draw.colormaps import DIVERGING
from engine.draw.overlay import Range, overlay, resize_face
from engine.records import AttentionGate, Float32, UInt8

PIXELS = 240
"""Side of a drawn map: five times 48, so that the cells of every four-block grid are whole pixels."""

Row = tuple[str, Sequence[str]]
"""A row's label and its cells, as HTML."""


def aligned(models: int, rows: Sequence[Row], *, heads: Sequence[str] = ()) -> str:
    """Return rows of ``models`` + 1 cells under each other; ``heads`` are the columns' headings, as HTML."""
    lines = []
    if heads:
        lines.append(_row('<div class="fl-clabel"></div>', heads, "fl-chead"))
    lines += [_row(f'<div class="fl-clabel">{label}</div>', cells) for label, cells in rows]
    return f'<div class="fl-compare" style="--models:{models}">{"".join(lines)}</div>'


def _row(label: str, cells: Sequence[str], kind: str = "") -> str:
    inside = "".join(f'<div class="fl-ccell">{cell}</div>' for cell in cells)
    return f'<div class="fl-crow {kind}">{label}{inside}</div>'


def headings(models: Sequence[str], pair: tuple[int, int]) -> tuple[str, ...]:
    """Return the columns' headings: each model's name, then which is subtracted from which."""
    difference = f"{escape(models[pair[1]])} − {escape(models[pair[0]])}"
    return (
        *(f"<b>{escape(name)}</b>" for name in models),
        f'<span class="fl-quiet">difference</span> <b class="fl-minus">{difference}</b>',
    )


def nothing(words: str, *, faint: bool = False) -> str:
    """Return an empty cell that says why it is empty; ``faint`` without a frame."""
    return f'<div class="fl-cnone{" fl-faint" if faint else ""}"><span>{escape(words)}</span></div>'


def own(name: str, size: str, cell: str) -> str:
    """Return a cell under its own name, for a line whose cells are of different gates."""
    return f'<div class="fl-cown">{escape(name)} <span class="fl-quiet">{escape(size)}</span></div>{cell}'


def strip(label: str, cells: Sequence[str]) -> str:
    """Return cells side by side under a label, as many in a line as fit: what one column alone has."""
    inside = "".join(f"<div>{cell}</div>" for cell in cells)
    head = f'<div class="fl-clabel">{label}</div>'
    return f'<div class="fl-compare fl-alone">{head}<div class="fl-cstrip">{inside}</div></div>'


def _layers(face: UInt8, values: Float32, limits: Range, colors: str, style: MapStyle, words: str) -> str:
    """Return the picture of a map; where it is smooth, with its cells underneath for the pointer."""
    images = []
    for smooth in (False, True) if style.smooth else (False,):
        seen = overlay(face, values, limits=limits, colors=colors, opacity=style.opacity, smooth=smooth, size=PIXELS)
        kind = 'class="fl-smooth" alt=""' if smooth else f'alt="{escape(words)}"'  # described once
        images.append(f'<img {kind} src="{data_uri(seen)}">')
    return f'<div class="fl-map"{shape_of(face)} title="{grid(values.shape)}">{"".join(images)}</div>'


def _where(card: MapCard) -> str:
    return "" if card.values is None else f"{grid(card.values.shape)}, {where_words(card.values, signed=card.signed)}"


def _places(difference: Float32) -> str:
    return f"{grid(difference.shape)}, {where_words(difference, signed=True)}"


def map_cell(face: UInt8, card: MapCard, style: MapStyle, model: str) -> str:
    """Return one model's map with its colour bar and raw range; a map that is nothing says so over the face."""
    if card.values is None:
        plain = data_uri(np.asarray(resize_face(face, PIXELS)))
        return (
            f'<div class="fl-map fl-none"{shape_of(face)}><img src="{plain}" '
            f'alt="{escape(model)}: {escape(card.note)}">'
            f'<span class="fl-nothing">{escape(card.note)}</span></div>'
        )
    values = card.values
    colors = DIVERGING if card.signed else style.colors
    low, mean, high = short(float(values.min())), short(float(values.mean())), short(float(values.max()))
    return (
        _layers(face, values, card.limits, colors, style, f"{model}, {card.title}: {_where(card)}")
        + color_bar(values, card.limits, colors)
        + f'<div class="fl-raw" title="min {low}, mean {mean}, max {high}">{low} · <b>{mean}</b> · {high}</div>'
    )


def difference_cell(face: UInt8, pair: PairedMaps, limits: Range, style: MapStyle, words: str) -> str:
    """Return the signed difference of two maps over the face, and below how alike they are."""
    found = pair.agreement
    return (
        _layers(face, pair.difference, limits, DIVERGING, style, f"{words}: {_places(pair.difference)}")
        + color_bar(pair.difference, limits, DIVERGING)
        + f'<div class="fl-raw">{reach_words(pair)}</div>'
        + f'<div class="fl-alike" title="{escape(agreement_help(found))}">{marked(agreement_words(found))}</div>'
    )


def channel_cell(gate: AttentionGate) -> str:
    """Return a channel gate (C,) as its ranked weights on a fixed scale from 0 to 1; the thin line is .5."""
    ranked = np.sort(gate.weights)[::-1]
    points = " ".join(
        f"{100 * index / max(len(ranked) - 1, 1):.2f},{100 * (1 - float(weight)):.2f}"
        for index, weight in enumerate(ranked)
    )
    words = f"{grid(gate.shape)}, ranked: min {short(gate.minimum)}, mean {short(gate.mean)}, max {short(gate.maximum)}"
    drawing = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" preserveAspectRatio="none">'
        f'<polygon points="0,100 {points} 100,100" fill="#7b879c"/></svg>'
    )
    # As a picture: Streamlit takes SVG elements out of what st.html draws.
    source = "data:image/svg+xml;base64," + base64.b64encode(drawing.encode()).decode("ascii")
    return (
        f'<div class="fl-ranked" title="{words}"><img src="{source}" alt="{words}"></div>'
        f'<div class="fl-raw">{short(gate.minimum)} · <b>{short(gate.mean)}</b> · {short(gate.maximum)}</div>'
    )
