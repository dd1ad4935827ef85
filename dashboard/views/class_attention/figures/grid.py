"""The class x layer grid as HTML: a row a class, a column a layer, each cell a button that chooses it.

Cells are drawn on their native grid, a pixel a cell; the browser enlarges them as blocks.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

import numpy as np

from dashboard.figures.class_maps import FEW, SIGNED, CellMap, column_note, column_title, unit_of
from dashboard.report.text import escape, grid, short
from dashboard.shared.figures.colours import emotion_color
from dashboard.shared.figures.pair import signed
from dashboard.views.class_attention.figures.face_outline import MARK
from engine.analysis.class_dependence import is_gradcam
from engine.draw.colormaps import DIVERGING, SEQUENTIAL, colormap
from engine.draw.overlay import Range, colorize, png_bytes


def colors_of(shows: str) -> str:
    """Return the colour table of what is shown."""
    return DIVERGING if shows in SIGNED else SEQUENTIAL[0]


def map_uri(values: np.ndarray, limits: Range, shows: str) -> str:
    """Return a map (h, w) as a ``data:`` address, a pixel a cell."""
    picture = png_bytes(colorize(values.astype(np.float32), limits, colors_of(shows)))
    return "data:image/png;base64," + base64.b64encode(picture).decode("ascii")


def number(value: float, shows: str) -> str:
    """Return a cell's value as it is written: differences with their sign."""
    return signed(value, 3) if shows in SIGNED else short(value)


def said(cell: CellMap, shows: str) -> str:
    """Return what a cell's tooltip says: which, its values, how sure, how many pictures."""
    head = f"{cell.label}, {column_title(cell.layer)} of {cell.model}, {shows}"
    if cell.values is None:
        return f"{head}: not enough pictures"
    low, high = float(cell.values.min()), float(cell.values.max())
    words = f"{head}: {number(low, shows)} to {number(high, shows)}, mean {number(float(cell.values.mean()), shows)}"
    if cell.contrast is not None:
        words += f"; {beyond_words(cell)}"
    return f"{words}; {grid(cell.values.shape)}, n = {cell.n:,}"


def beyond_words(cell: CellMap) -> str:
    """Say in how many of a difference's cells it is more than chance."""
    found = cell.contrast
    if found is None or not np.isfinite(found.p).any():
        return "too few pictures to tell it from chance"
    return f"beyond chance in {found.beyond_chance():,} of {found.p.size:,} cells"


def count_words(n: int) -> str:
    """Return the count under a cell; a mean of few pictures says so."""
    return f"n {n:,}" if n >= FEW else f"n {n:,}, few" if n else "none"


def _cell(cell: CellMap, limits: Range, shows: str, *, chosen: bool, outline: str) -> str:
    words = escape(said(cell, shows))
    name = escape(f"{cell.model}|{cell.layer}|{cell.label}")
    few = " fl-few" if 0 < cell.n < FEW else ""
    if cell.values is None:
        inside = '<span class="fl-cmap fl-cvoid"></span>'
    else:
        inside = f'<span class="fl-cmap"><img src="{map_uri(cell.values, limits, shows)}" alt="">{outline}</span>'
    return (
        f'<button type="button" class="fl-cell{few}{" fl-on" if chosen else ""}" data-cell="{name}" '
        f'aria-pressed="{str(chosen).lower()}" aria-label="{words}" title="{words}">{inside}'
        f'<span class="fl-count">{count_words(cell.n)}</span></button>'
    )


def _head(layer: str, classes: Sequence[str]) -> str:
    return (
        f'<div class="fl-chead2"><b>{escape(column_title(layer))}</b>'
        f"<span>{escape(column_note(layer, classes))}</span></div>"
    )


def grid_html(
    cells: Sequence[CellMap],
    ranges: Mapping[str, Range],
    shows: str,
    *,
    classes: Sequence[str],
    chosen: tuple[str, str],
    outline: str = "",
) -> str:
    """Return the grids of all models in ``cells``, side by side where there is room.

    Args:
        cells: of every model, layer and class; rows follow ``classes``.
        ranges: layer → the range of its colours.
        shows: one of :data:`dashboard.figures.class_maps.SHOWS`.
        chosen: (layer, class) of the cell that is looked at.
        outline: the style of the face over each map (:mod:`dashboard.views.class_attention.figures.face_outline`), or
        nothing.
    """
    blocks = []
    for model in dict.fromkeys(cell.model for cell in cells):
        mine = {(cell.layer, cell.label): cell for cell in cells if cell.model == model}
        layers = tuple(dict.fromkeys(layer for layer, _ in mine))
        rows = '<div class="fl-ccorner"></div>' + "".join(_head(layer, classes) for layer in layers)
        for label in classes:
            dot = f'<span class="fl-dot" style="background:{emotion_color(label)}"></span>'
            rows += f'<div class="fl-crowhead">{dot}{escape(label)}</div>'
            rows += "".join(
                _cell(
                    mine[layer, label],
                    ranges[layer],
                    shows,
                    chosen=(layer, label) == chosen,
                    outline=MARK if outline else "",
                )
                for layer in layers
            )
        blocks.append(
            f'<section style="flex-grow:{len(layers)};max-width:{5.2 + 9 * len(layers):.1f}rem" '
            f'aria-label="{escape(model)}"><div class="fl-cmodel">{escape(model)}</div>'
            f'<div class="fl-cgrid" style="--layers:{len(layers)}">{rows}</div></section>'
        )
    return f'<div class="fl-cgrids{" fl-two" if len(blocks) > 1 else ""}" style="{outline}">{"".join(blocks)}</div>'


def scale_html(ranges: Mapping[str, Range], shows: str, scale: str) -> str:
    """Return the colour bars: one for each unit (gates, Grad-CAM, ...), or one a layer."""
    bars: dict[str, Range] = {}
    for layer, limits in ranges.items():
        kind = column_title(layer) if scale == "by layer" else unit_of(layer)
        if scale == "by layer" and is_gradcam(layer):
            kind = f"Grad-CAM {column_note(layer, ())}"
        bars[kind] = limits
    ramp = colormap(colors_of(shows)).css()
    return (
        '<div class="fl-cbars">'
        + "".join(
            f'<div><span>{escape(kind)}</span><div class="fl-scale"><span>{number(low, shows)}</span>'
            f'<span class="fl-ramp" style="background:linear-gradient(90deg, {ramp})"></span>'
            f"<span>{number(high, shows)}</span></div></div>"
            for kind, (low, high) in bars.items()
        )
        + "</div>"
    )
