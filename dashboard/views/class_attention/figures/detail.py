"""One cell of the grid in full: mean and spread, right and wrong answers, another class, and their differences.

A picture near to or far from its class's mean map, as HTML.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dashboard.report.text import escape, percent, short
from dashboard.shared.figures.colours import emotion_color
from dashboard.shared.figures.described import where_words
from dashboard.shared.figures.map_card import color_bar, data_uri, received_maps
from dashboard.shared.figures.tile import TILE_PIXELS, Place, picture_html, place_svg
from dashboard.views.class_attention.figures.face_outline import MARK
from dashboard.views.class_attention.figures.grid import (
    ALL_CLASSES,
    DIFFERENCE,
    FATE,
    FEW,
    MEAN,
    SIGNED,
    SPREAD,
    CellMap,
    beyond_words,
    cell_ranges,
    colors_of,
    count_words,
    layer_cells,
    map_uri,
    number,
)
from engine.analysis.contrasts import TypicalPicture
from engine.analysis.files.attention import AttentionFile
from engine.draw.overlay import Range, display_ranges, overlay
from engine.records import AttentionGate, Explanation, Float32, UInt8


@dataclass(frozen=True, eq=False)
class DetailCard:
    """One map of the drawer: its title, its cell, and which of the grid's ``SHOWS`` it is."""

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
        told = f"{card.title}: {where_words(values, signed=card.shows in SIGNED)}"
        field = (
            f'<span class="fl-cmap"><img src="{map_uri(values, limits, card.shows)}" alt="{escape(told)}">{face}</span>'
        )
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


def place_field(picture: TypicalPicture, face: UInt8 | None) -> str:
    """Return the picture (S, S) or (S, S, 3) uint8; where it is not here, where its map lies."""
    if face is not None:
        return picture_html(face, picture.id)
    best = max(picture.masses, key=lambda region: picture.masses[region])
    return place_svg(Place(picture.centre_x, picture.centre_y, best, picture.masses[best]))


def _drawn(face: UInt8, values: Float32, limits: Range, alternative: str) -> str:
    picture = overlay(face, values, limits=limits, smooth=True, size=TILE_PIXELS)
    return f'<div class="fl-map"><img src="{data_uri(picture)}" alt="{escape(alternative)}"></div>'


def gate_field(face: UInt8, gate: AttentionGate, limits: Range) -> str:
    """Return a spatial gate over its face."""
    said = f"{gate.layer}, {short(gate.minimum)} to {short(gate.maximum)}; {where_words(gate.weights)}"
    return _drawn(face, gate.weights, limits, said)


def received_fields(maps: Mapping[str, tuple[UInt8, AttentionGate]]) -> dict[str, str]:
    """Return picture → what its places received in an attention between cells, all on one scale from zero on."""
    values = {name: one for name, (_, gate) in maps.items() for _, one in received_maps([gate])}
    ranges = display_ranges(list(values.values()), "shared", natural=None)
    return {
        name: _drawn(
            maps[name][0],
            one,
            limits,
            f"{maps[name][1].layer}, 0 to {short(float(one.max()))} of even; {where_words(one)}",
        )
        for (name, one), limits in zip(values.items(), ranges, strict=True)
    }


def cam_fields(maps: Mapping[str, tuple[UInt8, Explanation]]) -> dict[str, str]:
    """Return picture → Grad-CAM over its face, all on one scale from zero to the largest value among them."""
    ranges = display_ranges([entry.heatmap for _, entry in maps.values()], "shared", natural=None)
    return {
        name: _drawn(face, entry.heatmap, limits, f"Grad-CAM for {entry.target}; {where_words(entry.heatmap)}")
        for (name, (face, entry)), limits in zip(maps.items(), ranges, strict=True)
    }


def typical_html(picture: TypicalPicture, field: str) -> str:
    """Return the tile: its field, what was answered, how far it lies from the mean, its id."""
    dot = f'<span class="fl-dot" style="background:{emotion_color(picture.predicted)}"></span>'
    right = picture.predicted == picture.label
    answer = f"{dot}<b>{escape(picture.predicted)}</b> {'right' if right else 'wrong'}"
    name = escape(picture.id)
    return (
        f'<div class="fl-tile" data-id="{name}">{field}<div class="fl-answer">{answer}</div>'
        f'<div class="fl-figures">{percent(picture.confidence)} sure · {100 * picture.moved:.1f} % to move</div>'
        f'<span class="fl-id" title="{name}">{name}</span></div>'
    )
