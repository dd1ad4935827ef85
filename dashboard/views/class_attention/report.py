"""What the report of the Class attention page holds, tab by tab: maps, channels, regions, whether gates are used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from dashboard.report.content import Array, Chart, Content, Section, Shot, Table
from dashboard.report.text import grid
from dashboard.shared.figures.map_content import FACE_PIXELS, face_shot
from dashboard.views.class_attention.figures.detail import DetailCard
from dashboard.views.class_attention.figures.grid import CellMap, beyond_words, class_sheet, colors_of, number
from dashboard.views.class_attention.figures.regions import Places, number_rows
from dashboard.views.class_attention.figures.use import effect_rows, read_use, sample_words
from engine.analysis.contrasts import ChannelProfiles, Typical
from engine.analysis.files.gate_use import ALL, SplitGateUse
from engine.draw.overlay import Range, colorize, resize_map
from engine.records import UInt8


def _stacked(cells: Sequence[CellMap]) -> dict[str, Array]:
    """Return model/layer → the maps of its classes (K, h, w), NaN where there is none, and their counts (K,)."""
    arrays: dict[str, Array] = {}
    for model, layer in dict.fromkeys((cell.model, cell.layer) for cell in cells):
        mine = [cell for cell in cells if (cell.model, cell.layer) == (model, layer)]
        shape = next((cell.values.shape for cell in mine if cell.values is not None), (0, 0))
        values = [np.full(shape, np.nan) if cell.values is None else cell.values for cell in mine]
        arrays[f"{model}/{layer}/cells"] = np.stack(values)
        arrays[f"{model}/{layer}/n"] = np.array([cell.n for cell in mine], np.int64)
    return arrays


def grid_content(
    cells: Sequence[CellMap],
    ranges: Mapping[str, Range],
    shows: str,
    classes: Sequence[str],
    words: str,
    ratios: Mapping[str, float] | None = None,
) -> Content:
    """Return the grid: a sheet a model, and every cell raw; arguments as :func:`class_sheet` takes them.

    ``ratios``: model → width of its picture by its height; None: all are squares.
    """
    shots = []
    for model in dict.fromkeys(cell.model for cell in cells):
        mine = [cell for cell in cells if cell.model == model]
        sheet = class_sheet(mine, ranges, shows, classes=classes, title=f"{model}: {shows}",
                            ratio=(ratios or {}).get(model, 1.0))  # fmt: skip
        shots.append(Shot.of(f"classes {model} {shows}", sheet, f"{model}: {shows}, a row a class, a column a layer."))
    return Content(
        tuple(Section(f"{shot.caption.partition(':')[0]}, class by class", (words,), (shot,)) for shot in shots),
        {**_stacked(cells), "classes": np.array(list(classes))},
    )


def _detail_shot(card: DetailCard, limits: Range, model: str) -> Shot | None:
    values = card.cell.values
    if values is None:
        return None
    low, mean, high = (number(float(value), card.shows) for value in (values.min(), values.mean(), values.max()))
    first, last = (number(value, card.shows) for value in limits)
    said = (
        f"{model}, {card.title}: {grid(values.shape)}, n = {card.cell.n:,}; min {low}, mean {mean}, max {high}; "
        f"colours from {first} to {last}"
    )
    if card.cell.contrast is not None:
        said += f"; {beyond_words(card.cell)}"
    picture = colorize(resize_map(values.astype(np.float32), FACE_PIXELS, smooth=False), limits, colors_of(card.shows))
    return Shot.of(f"{model} {card.title}", picture, said)


@dataclass(frozen=True, eq=False)
class Detail:
    """One cell in full.

    Attributes:
        label, layer: which. cards: model → its maps. ranges: what is shown → the range of its colours.
        typical: the pictures at both ends, or None where there is none; by the maps of ``model``.
        faces: picture id → (S, S) or (S, S, 3) uint8, of those that are on this machine.
        truth: what says which class a picture is of, ``label`` or ``majority``.
    """

    label: str
    layer: str
    cards: Mapping[str, Sequence[DetailCard]]
    ranges: Mapping[str, Range]
    model: str
    typical: Typical | None
    faces: Mapping[str, UInt8]
    truth: str = "label"


def detail_content(shown: Detail) -> Content:
    """Return the drawer: its maps, and the pictures nearest to and farthest from the class's mean."""
    arrays: dict[str, Array] = {}
    shots = []
    for model, cards in shown.cards.items():
        for card in cards:
            shot = _detail_shot(card, shown.ranges[card.shows], model)
            if shot is not None and card.cell.values is not None:
                shots.append(shot)
                arrays[f"{model}/one cell/{card.title}"] = card.cell.values
    sections = [Section(f"{shown.label} at {shown.layer}", (), tuple(shots))]
    if shown.typical is not None:
        ends = (("nearest", shown.typical.nearest), ("farthest", shown.typical.farthest))
        rows = tuple(
            (end, one.id, one.label, one.predicted, f"{one.confidence:.3f}", f"{one.moved:.3f}")
            for end, found in ends
            for one in found
        )
        by = "most people saw" if shown.truth == "majority" else "labelled"
        table = Table(
            ("end", "picture", "label" if by == "labelled" else by, "answer", "confidence", "mass to move"), rows
        )
        faces = tuple(
            face_shot(shown.faces[one.id], f"{end} {one.id}", f"{end}: {one.id}, {by} {one.label}")
            for end, found in ends
            for one in found
            if one.id in shown.faces
        )
        ranked = f"{shown.typical.n:,} pictures of {shown.label} ranked by the maps of {shown.model}."
        sections.append(Section("Pictures behind it", (ranked,), faces, tables=(table,) if rows else ()))
        for one in (one for _, found in ends for one in found if one.id in shown.faces):
            arrays[f"pictures/{one.id}"] = shown.faces[one.id]
    return Content(tuple(sections), arrays)


def channels_content(
    found: Mapping[str, ChannelProfiles], figures: Mapping[str, go.Figure], by: str = "", said: str = ""
) -> Content:
    """Return the channels of one gate: model → profiles, and model → its chart.

    ``by``: what says which class a picture is of, where it is not the label. ``said``: which classes are shown.
    """
    classes = (f" Classes by {by}." if by else "") + (f" {said}" if said else "")
    sections = tuple(
        Section(
            f"Channels of {model}, {profiles.layer}",
            (f"{profiles.beyond_chance:,} of {len(profiles.f):,} channels tell classes apart beyond chance.{classes}",),
            charts=(Chart(figures[model], "Above: F of each channel; in the middle the classes; below the clusters."),),
        )
        for model, profiles in found.items()
    )
    arrays: dict[str, Array] = {}
    for model, profiles in found.items():
        parts = {
            "n": profiles.count, "mean": profiles.mean, "profile": profiles.profile, "f": profiles.f,
            "explained": profiles.explained,
        }  # fmt: skip
        arrays |= {f"{model}/{profiles.layer}/channels/{name}": array for name, array in parts.items()}
    return Content(sections, arrays)


def regions_content(layer: str, places: Places, charts: Sequence[go.Figure], said: str = "") -> Content:
    """Return where one map lies: charts, and every figure as a table and as an array (figures, 3): mean, low, high."""
    rows = number_rows(places)
    titles = (
        "Share of the map’s mass by region",
        "How spread out the map is (entropy), and its middle (centre of mass)",
    )
    section = Section(
        f"Regions of {layer}",
        tuple(filter(None, (said, "Mean over the pictures of a class and its 95 % bootstrap interval."))),
        charts=tuple(Chart(figure, title) for figure, title in zip(charts, titles, strict=True)),
        tables=(Table.of(rows),) if rows else (),
    )
    arrays: dict[str, Array] = {}
    for model in places:
        mine = [row for row in rows if row["model"] == model]
        arrays[f"{model}/{layer}/regions/figures"] = np.array([f"{row['class']}: {row['figure']}" for row in mine])
        arrays[f"{model}/{layer}/regions/mean_low_high"] = np.array(
            [[np.nan if row[part] is None else row[part] for part in ("mean", "low", "high")] for row in mine],
            np.float64,
        )
    return Content((section,), arrays)


def use_content(measured: Mapping[str, SplitGateUse]) -> Content:
    """Return whether each gate is used: a table a model with every replacement, group and figure."""
    sections = []
    arrays: dict[str, Array] = {}
    for model, use in measured.items():
        rows = effect_rows(use)
        whole = [row for row in rows if row["pictures"] == ALL]
        table = Table.of(whole, "Of all classes together; each class’s figures are in the arrays.")
        words = (read_use(use), f"{sample_words(use)}.")
        sections.append(Section(f"Are the gates of {model} used?", words, tables=(table,)))
        names = ("gate", "replaced by", "pictures", "figure")
        arrays[f"{model}/use/figures"] = np.array([" | ".join(str(row[name]) for name in names) for row in rows])
        arrays[f"{model}/use/mean_low_high"] = np.array(
            [[np.nan if row[part] is None else row[part] for part in ("mean", "low", "high")] for row in rows],
            np.float64,
        )
    return Content(tuple(sections), arrays)
