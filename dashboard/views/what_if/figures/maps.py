"""Gates and Grad-CAM before and after an edit: a column a map, with before, after and the change under each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from dashboard.report.text import escape, short
from dashboard.shared.figures.map_card import SMALL_PIXELS, MapCard, MapStyle, card_html
from dashboard.shared.figures.pair import LEAST_REACH, signed
from dashboard.shared.figures.rows import channel_rows, explanation_row, gate_rows
from engine.records import FaceExplanation, Float32

ROWS: Final[tuple[str, ...]] = ("before", "after", "change")

LEAST_SHARE: Final = 0.1
"""The change of a Grad-CAM is drawn over at least this share of its largest value."""

LEAST_MOVED: Final = 0.0005
"""A channel's weight that changes by less reads as unchanged in three decimals."""


@dataclass(frozen=True, eq=False)
class MapColumn:
    """One map of both faces.

    Attributes:
        name: for example ``Grad-CAM, block 4`` or ``Gate, block 2``.
        cards: before, after and the change, each titled so; a gate is there in both, since the model is the same.
    """

    name: str
    cards: tuple[MapCard, MapCard, MapCard]


def _change(before: Float32, after: Float32, reach: float) -> MapCard:
    difference = (after - before).astype(np.float32)
    return MapCard("change", difference, (-reach, reach), signed=True)


def _reach(pairs: Sequence[tuple[Float32, Float32]], least: float) -> float:
    return max([least, *(float(np.abs(after - before).max()) for before, after in pairs)])


def map_columns(before: FaceExplanation, after: FaceExplanation, target: str, scale: str) -> tuple[MapColumn, ...]:
    """Return Grad-CAM's column and one for each gate that has a place in the picture.

    Changes of gates are drawn over ±.1 at least, and over one range unless the scale is ``stretch``. Grad-CAM of one
    model, layer and target has one unit, so that its change is a plain difference too, over a tenth of its largest
    value at least.

    Args:
        before, after: of one model, with Grad-CAM of one target at one layer.
        target: the class whose part of a per-class gate is shown.
        scale: one of :data:`engine.draw.overlay.SCALES`.
    """
    both = (before, after)
    evidence = explanation_row(both, (0, 1), scale)
    heat = (before.maps[0].heatmap, after.maps[0].heatmap)
    rows = [(f"Grad-CAM, {evidence.name}", evidence, heat)]
    for row in gate_rows(both, target, (0, 1), scale):
        values = [card.values for card in row.cards if card is not None and card.values is not None]
        rows.append((f"Gate, {row.name}", row, (values[0], values[1])))
    gates = [pair for _, _, pair in rows[1:]]
    columns = []
    for index, (name, row, pair) in enumerate(rows):
        if index == 0:
            reach = _reach([pair], LEAST_SHARE * max(float(heat[0].max()), float(heat[1].max()))) or 1.0
        else:
            reach = _reach([pair] if scale == "stretch" else gates, 0.0 if scale == "stretch" else LEAST_REACH)
        first, second = (card for card in row.cards if card is not None)
        columns.append(
            MapColumn(name, (replace(first, title=ROWS[0]), replace(second, title=ROWS[1]), _change(*pair, reach)))
        )
    return tuple(columns)


def columns_html(before: FaceExplanation, after: FaceExplanation, columns: Sequence[MapColumn], style: MapStyle) -> str:
    """Return the columns as one HTML grid; a single one, or all on a narrow window, turn into rows."""
    faces = (before.face, after.face, after.face)
    blocks = []
    for column in columns:
        cards = "".join(
            card_html(face, card, style, SMALL_PIXELS) for face, card in zip(faces, column.cards, strict=True)
        )
        blocks.append(f'<section class="fl-wcolumn"><h4>{escape(column.name)}</h4>{cards}</section>')
    single = " fl-wsingle" if len(columns) == 1 else ""
    return f'<div class="fl-wmaps{single}" style="--maps:{len(columns)}">{"".join(blocks)}</div>'


def channel_words(before: FaceExplanation, after: FaceExplanation) -> str:
    """Say how far the channel gates moved, layer by layer; empty for a model without any."""
    parts = []
    rows = channel_rows((before, after))
    for name, (first, second) in rows:
        if first is not None and second is not None:
            moved = np.abs(second.weights - first.weights)
            most = int(moved.argmax())
            step = float(second.weights[most] - first.weights[most])
            if moved[most] >= LEAST_MOVED:
                parts.append(f"{name} by {short(float(moved.mean()))}, most in channel {most} ({signed(step, 3)})")
    if not rows:
        return ""
    return f"Channel gates moved, on average: {'; '.join(parts)}." if parts else "No channel gate moved."
