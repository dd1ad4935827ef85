"""The class x layer grid as HTML: a row a class, a column a layer, each cell a button that chooses it.

Cells are drawn on their native grid, a pixel a cell; the browser enlarges them as blocks.

What the class x layer grid shows: for each layer and class a map, its scale and what is to be said of it.

Gates have a unit (the share that is passed on, 0 to 1), attention between cells has another (the share of it that a
cell receives, all cells together 1), Grad-CAM has none. So these never share a scale, while all gates, or all
Grad-CAMs, of all classes and models shown may.

The class x layer grid as one picture: a row a class, a column a layer, each map with its range.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from dashboard.report.text import escape, grid, layer_title, short
from dashboard.shared.figures.colours import emotion_color
from dashboard.shared.figures.described import where_words
from dashboard.shared.figures.pair import signed
from dashboard.views.class_attention.figures.face_outline import MARK
from engine.analysis.contrasts import Contrast, class_minus_all, class_minus_class, right_minus_wrong
from engine.analysis.files.attention import AttentionFile, ClassAttention, depends_on_class, is_gradcam, is_received
from engine.draw.colormaps import DIVERGING, SEQUENTIAL, colormap
from engine.draw.overlay import Range, colorize, png_bytes, resize_map
from engine.records import UInt8

Float64 = NDArray[np.float64]

MEAN: Final = "mean"
SPREAD: Final = "spread"
DIFFERENCE: Final = "difference"
FATE: Final = "right minus wrong"
SHOWS: Final[tuple[str, ...]] = (MEAN, SPREAD, DIFFERENCE, FATE)
"""What a cell shows: mean; standard deviation over pictures; mean minus another mean; right minus wrong answers."""
SIGNED: Final = (DIFFERENCE, FATE)

ALL_CLASSES: Final = "mean of all classes"

SCALES: Final[dict[str, str]] = {
    "fixed": "gates over the whole range that they can have",
    "shared": "one range for all gates shown",
    "by layer": "one range for each layer: compare down a column, not across",
}
FEW: Final = 30
"""A mean of fewer pictures is marked: one unusual face moves it visibly."""
LEAST_REACH: Final = 0.1
"""On the fixed scale differences of gates are drawn over ±.1 at least, so that what is alike looks alike."""
WIDEST_SPREAD: Final = 0.5
"""The largest standard deviation that numbers from 0 to 1 can have."""


@dataclass(frozen=True, eq=False)
class CellMap:
    """One cell of the grid.

    Attributes:
        model, layer, label: which.
        values: float64 (h, w), or None where there is no picture to average.
        n: pictures behind the mean; of a difference the smaller of the two, of one with all classes the class's own.
        contrast: of a difference, how sure it is; None for the others.
    """

    model: str
    layer: str
    label: str
    values: Float64 | None
    n: int
    contrast: Contrast | None = None


def map_layers(file: AttentionFile) -> tuple[str, ...]:
    """Return the layers of a file that have maps on a grid, in forward order: all but the channel gates."""
    return tuple(layer for layer in file.layers if file.of(layer).mean is not None)


def unit_of(layer: str) -> str:
    """Return what the numbers of a stored map are: of a gate, of attention received, or of Grad-CAM."""
    return "Grad-CAM" if is_gradcam(layer) else "attention received" if is_received(layer) else "gates"


def column_title(layer: str) -> str:
    """Return a layer's heading: ``block 2``, ``Grad-CAM``."""
    return "Grad-CAM" if is_gradcam(layer) else layer_title(layer)


def column_note(layer: str, classes: Sequence[str]) -> str:
    """Return what stands under the heading: whose class the map is taken for, if any."""
    if is_gradcam(layer):
        return {"gradcam.predicted": "of the answer", "gradcam.true": "of the true class"}.get(layer, "")
    return f"of {layer.rpartition('.')[2]}" if depends_on_class(layer, classes) else "class-agnostic"


def _contrast(file: AttentionFile, layer: str, index: int, shows: str, reference: str, group: str) -> Contrast | None:
    """Return the difference asked for, or None where a mean of it has no pictures."""
    if shows == FATE:
        right, wrong = file.of(layer, "right"), file.of(layer, "wrong")
        return right_minus_wrong(right, wrong, index) if right.count[index] and wrong.count[index] else None
    of = file.of(layer, group)
    if not of.count[index]:
        return None
    if reference == ALL_CLASSES:
        return class_minus_all(of, index)
    other = file.classes.index(reference)
    return class_minus_class(of, index, other) if of.count[other] else None


def _plain(of: ClassAttention, index: int, shows: str) -> Float64 | None:
    mean, variance = of.values
    if shows == MEAN:
        return mean[index].astype(np.float64) if of.count[index] else None
    # One picture has no spread.
    return np.sqrt(variance[index].astype(np.float64)) if of.count[index] > 1 else None


def layer_cells(
    file: AttentionFile,
    model: str,
    layer: str,
    shows: str,
    *,
    group: str = "all",
    reference: str = ALL_CLASSES,
    labels: Collection[str] | None = None,
) -> tuple[CellMap, ...]:
    """Return a layer's column, a cell for each class.

    Args:
        file: of ``model``. layer: one of :func:`map_layers`. shows: one of :data:`SHOWS`.
        group: ``all``, ``right`` or ``wrong``; ``right minus wrong`` takes its own two.
        reference: of :data:`DIFFERENCE`: :data:`ALL_CLASSES` or a class's name.
        labels: the classes that are wanted; None for all.
    """
    if shows not in SHOWS:
        raise ValueError(f"expected one of {SHOWS}, got {shows!r}")
    cells = []
    of = file.of(layer, group)
    for index, label in enumerate(file.classes):
        if labels is not None and label not in labels:
            continue
        n = int(of.count[index])
        if shows not in SIGNED:
            cells.append(CellMap(model, layer, label, _plain(of, index, shows), n))
            continue
        found = _contrast(file, layer, index, shows, reference, group)
        if shows == FATE or reference != ALL_CLASSES:
            n = found.count if found else 0
        cells.append(CellMap(model, layer, label, found.values if found else None, n, found))
    return tuple(cells)


def _range(cells: Sequence[CellMap], shows: str, *, natural: bool, fixed: bool) -> Range:
    """Return the range of colours of cells of one unit.

    Args:
        cells: those that share it. shows: one of :data:`SHOWS`.
        natural: whether the unit is a gate's. fixed: whether to take that unit's own range.
    """
    drawn = [cell.values for cell in cells if cell.values is not None]
    low = min((float(values.min()) for values in drawn), default=0.0)
    high = max((float(values.max()) for values in drawn), default=0.0)
    if shows in SIGNED:
        reach = max(high, -low, LEAST_REACH if natural and fixed else 0.0)
        return -reach, reach
    if natural and fixed:
        return (0.0, 1.0) if shows == MEAN else (0.0, WIDEST_SPREAD)
    # Evidence and spread start at zero; a gate may start anywhere.
    return (low if natural and shows == MEAN else 0.0), high


def cell_ranges(cells: Sequence[CellMap], shows: str, scale: str) -> dict[str, Range]:
    """Return layer → the range that its maps are coloured over, the same for all classes and models.

    Grad-CAM has no range of its own, nor has attention received, whose shares are the smaller the more cells there
    are: ``fixed`` is ``shared`` there, from zero to the largest value shown.
    """
    if scale not in SCALES:
        raise ValueError(f"expected a scale among {sorted(SCALES)}, got {scale!r}")
    found = {}
    for layer in dict.fromkeys(cell.layer for cell in cells):
        unit = unit_of(layer)
        alike = [
            cell for cell in cells if (cell.layer == layer if scale == "by layer" else unit_of(cell.layer) == unit)
        ]
        found[layer] = _range(alike, shows, natural=unit == "gates", fixed=scale == "fixed")
    return found


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
    where = where_words(cell.values, signed=shows in SIGNED)
    return f"{words}; {grid(cell.values.shape)}, n = {cell.n:,}; {where}"


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
    rows: Sequence[str] | None = None,
) -> str:
    """Return the grids of all models in ``cells``, side by side where there is room.

    Args:
        cells: of every model, layer and row. classes: K names. rows: those that are shown; None for all.
        ranges: layer → the range of its colours.
        shows: one of :data:`dashboard.views.class_attention.figures.grid.SHOWS`.
        chosen: (layer, class) of the cell that is looked at.
        outline: the style of the face over each map (:mod:`dashboard.views.class_attention.figures.face_outline`), or
        nothing.
    """
    blocks = []
    for model in dict.fromkeys(cell.model for cell in cells):
        mine = {(cell.layer, cell.label): cell for cell in cells if cell.model == model}
        layers = tuple(dict.fromkeys(layer for layer, _ in mine))
        lines = '<div class="fl-ccorner"></div>' + "".join(_head(layer, classes) for layer in layers)
        for label in classes if rows is None else rows:
            dot = f'<span class="fl-dot" style="background:{emotion_color(label)}"></span>'
            lines += f'<div class="fl-crowhead">{dot}<span>{escape(label)}</span></div>'
            lines += "".join(
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
            f'<div class="fl-cgrid" style="--layers:{len(layers)}">{lines}</div></section>'
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
    cells: Sequence[CellMap],
    ranges: Mapping[str, Range],
    shows: str,
    *,
    classes: Sequence[str],
    title: str,
    ratio: float = 1.0,
) -> UInt8:
    """Draw the cells of one model: (H, W, 3) uint8 on white; a cell without pictures stays empty.

    Args:
        cells: of each layer and class. ranges: layer → the range of its colours, which stands under its heading.
        shows: one of :data:`dashboard.views.class_attention.figures.grid.SHOWS`. classes: names, the rows. title:
        above. ratio: width of the model's picture by its height, which a cell has, too.
    """
    layers = tuple(dict.fromkeys(cell.layer for cell in cells))
    tall, wide = (round(side * CELL / max(ratio, 1.0)) for side in (1.0, ratio))
    size = (LEFT + len(layers) * (wide + GAP) + GAP, TOP + len(classes) * (tall + BELOW + GAP) + GAP)
    sheet = Image.new("RGB", size, "#ffffff")
    draw = ImageDraw.Draw(sheet)
    draw.text((GAP, GAP - 6), title, fill=INK, font=_font(16))
    for column, layer in enumerate(layers):
        left = LEFT + column * (wide + GAP)
        low, high = (number(value, shows).replace("−", "-") for value in ranges[layer])
        draw.text((left, TOP - 36), column_title(layer), fill=INK, font=_font(14))
        draw.text((left, TOP - 18), f"{low} to {high}", fill=QUIET, font=_font(12))
    for row, label in enumerate(classes):
        top = TOP + row * (tall + BELOW + GAP)
        draw.text((GAP, top + tall // 2), label, fill=INK, font=_font(15))
        for cell in (cell for cell in cells if cell.label == label):
            left = LEFT + layers.index(cell.layer) * (wide + GAP)
            if cell.values is None:
                draw.rectangle((left, top, left + wide - 1, top + tall - 1), outline=QUIET)
            else:
                values = resize_map(cell.values.astype(np.float32), (tall, wide), smooth=False)
                sheet.paste(Image.fromarray(colorize(values, ranges[cell.layer], colors_of(shows))), (left, top))
            draw.text((left, top + tall + 1), count_words(cell.n), fill=QUIET, font=_font(12))
    return np.asarray(sheet, dtype=np.uint8)
