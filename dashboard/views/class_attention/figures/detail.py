"""One cell of the grid in full: mean and spread, right and wrong answers, another class, and their differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dashboard.figures.class_maps import (
    ALL_CLASSES,
    DIFFERENCE,
    FATE,
    FEW,
    MEAN,
    SIGNED,
    SPREAD,
    CellMap,
    cell_ranges,
    layer_cells,
)
from dashboard.report.text import escape
from dashboard.shared.figures.map_card import color_bar
from dashboard.views.class_attention.figures.face_outline import MARK
from dashboard.views.class_attention.figures.grid import beyond_words, colors_of, count_words, map_uri, number
from engine.analysis.files.attention import AttentionFile
from engine.draw.overlay import Range


@dataclass(frozen=True, eq=False)
class DetailCard:
    """One map of the drawer: its title, its cell, and which of :data:`dashboard.figures.class_maps.SHOWS` it is."""

    title: str
    cell: CellMap
    shows: str


def detail_cards(
    file: AttentionFile, model: str, layer: str, label: str, versus: str, *, group: str = "all"
) -> tuple[DetailCard, ...]:
    """Return the maps of one class at one layer.

    Args:
        file: of ``model``. layer: one with maps on a grid. label: the class.
        versus: another class, or ``ALL_CLASSES``.
        group: which pictures ``mean``, ``spread`` and the comparison with ``versus`` are of.
    """
    index = file.classes.index(label)

    def cell(shows: str, of: str, *, reference: str = ALL_CLASSES, at: int = index) -> CellMap:
        return layer_cells(file, model, layer, shows, group=of, reference=reference)[at]

    cards = [
        DetailCard(f"{label}, mean", cell(MEAN, group), MEAN),
        DetailCard("spread over pictures", cell(SPREAD, group), SPREAD),
        DetailCard("answered right", cell(MEAN, "right"), MEAN),
        DetailCard("answered wrong", cell(MEAN, "wrong"), MEAN),
        DetailCard("right − wrong", cell(FATE, "all"), FATE),
    ]
    if versus != ALL_CLASSES:
        other = file.classes.index(versus)
        cards.append(DetailCard(f"{versus}, mean", cell(MEAN, group, at=other), MEAN))
    minus = "all classes" if versus == ALL_CLASSES else versus
    cards.append(DetailCard(f"{label} − {minus}", cell(DIFFERENCE, group, reference=versus), DIFFERENCE))
    return tuple(cards)


def detail_ranges(cards: Sequence[DetailCard], scale: str) -> dict[str, Range]:
    """Return what is shown → its range: means share one, spreads one, differences one, over all models given.

    The cards are of one layer; under ``shared`` and ``by layer`` the range is that of these cards.
    """
    kinds: Mapping[str, str] = {MEAN: MEAN, SPREAD: SPREAD, DIFFERENCE: DIFFERENCE, FATE: DIFFERENCE}
    found = {}
    for shows, kind in kinds.items():
        alike = [card.cell for card in cards if kinds[card.shows] == kind]
        ranges = cell_ranges(alike, shows, scale)
        found[shows] = next(iter(ranges.values()), (0.0, 0.0))
    return found


def _card(card: DetailCard, limits: Range, face: str) -> str:
    cell = card.cell
    if cell.values is None:
        field = f'<span class="fl-cmap fl-cvoid">{_lacking(card)}</span>'
        below = ""
    else:
        values = cell.values.astype("float32")
        low, mean, high = (number(float(value), card.shows) for value in (values.min(), values.mean(), values.max()))
        field = f'<span class="fl-cmap"><img src="{map_uri(values, limits, card.shows)}" alt="">{face}</span>'
        below = color_bar(values, limits, colors_of(card.shows))
        below += f'<div class="fl-raw">{low} · <b>{mean}</b> · {high}</div>'
        if card.shows in SIGNED:
            below += f'<div class="fl-raw">{beyond_words(cell)}</div>'
    few = " fl-few" if 0 < cell.n < FEW else ""
    return (
        f'<figure class="fl-card{few}"><figcaption><b>{escape(card.title)}</b></figcaption>{field}{below}'
        f'<span class="fl-count">{count_words(cell.n)}</span></figure>'
    )


def _lacking(card: DetailCard) -> str:
    if card.shows == SPREAD and card.cell.n == 1:
        return "one picture has no spread"
    return "no pictures to subtract" if card.shows in SIGNED else "no pictures"


def detail_html(cards: Sequence[DetailCard], ranges: Mapping[str, Range], *, outline: str = "") -> str:
    """Return a row of cards that breaks by itself, each with the face of style ``outline`` over its map."""
    face = MARK if outline else ""
    inside = "".join(_card(card, ranges[card.shows], face) for card in cards)
    return f'<div class="fl-ccards" style="{outline}">{inside}</div>'
