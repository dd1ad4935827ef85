"""What the report of the Misclassifications page holds: the matrix, the choice in figures, this page's pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dashboard.report.content import Array, Chart, Content, Section, Shot, Table
from dashboard.report.text import percent
from dashboard.shared.figures.confusion import Confusion, confusion_figure
from dashboard.shared.figures.map_card import received_maps
from dashboard.shared.figures.map_content import face_shot
from dashboard.shared.figures.tile import COLUMNS
from dashboard.shared.figures.votes import vote_counts, votes_in_words
from engine.analysis.mistakes import Means
from engine.draw.overlay import display_ranges, overlay, overlay_explanation, overlay_gate, placed_gates, placed_maps
from engine.records import FaceExplanation, Float32, UInt8


@dataclass(frozen=True, eq=False)
class Matrix:
    """The left half: the confusion matrix as it is drawn, and means of what is shown beside those of all it counts."""

    drawn: Confusion
    hide_diagonal: bool
    chosen: tuple[Sequence[str], Sequence[str]]
    shown: Means
    everything: Means


@dataclass(frozen=True, eq=False)
class Gallery:
    """The right half.

    Attributes:
        words: what is shown. shows: ``picture``, ``last gate`` or ``Grad-CAM``.
        rows: of the store, one a picture of this page. pages: which page of how many.
        pictures: id → as the model takes it. explained: id → its maps, where they are shown.
    """

    words: str
    shows: str = "picture"
    rows: Sequence[Mapping[str, Any]] = ()
    pages: tuple[int, int] = (1, 1)
    pictures: dict[str, UInt8] = field(default_factory=dict)
    explained: dict[str, FaceExplanation] = field(default_factory=dict)


def _map(shown: Gallery, picture_id: str) -> tuple[Float32, UInt8 | None] | None:
    """Return the map of a tile and the map over its face (None where nothing is drawn), or None without a map."""
    explained = shown.explained.get(picture_id)
    if explained is None:
        return None
    if shown.shows == "Grad-CAM":
        return explained.maps[0].heatmap, overlay_explanation(explained.face, explained.maps[0])
    gates = placed_gates(explained.gates)
    if gates:
        return placed_maps(gates)[-1][1], overlay_gate(explained.face, gates[-1])
    _, values = received_maps(explained.gates)[-1]
    (limits,) = display_ranges([values], natural=None)
    return values, overlay(explained.face, values, limits=limits, smooth=False)


def _said(row: Mapping[str, Any]) -> str:
    answer = f"answered {row['predicted']} ({percent(float(row['confidence']))})"
    counts = vote_counts(row)
    people = "" if counts is None else f"; people: {votes_in_words(counts)}"
    return f"{row['id']}: labelled {row['label']}, {answer}, surprise {float(row['loss']):.2f} nats (loss){people}"


def _shot(shown: Gallery, row: Mapping[str, Any]) -> tuple[Shot, ...]:
    picture_id = str(row["id"])
    if picture_id not in shown.pictures:
        return ()
    found = _map(shown, picture_id)
    if found is not None and found[1] is not None:
        low, high = float(found[0].min()), float(found[0].max())
        said = f"{_said(row)}; {shown.shows} from {low:.3g} to {high:.3g}"
        return (Shot.of(f"{shown.shows} {picture_id}", found[1], said),)
    lacking = f"; no {shown.shows} to draw" if shown.shows != "picture" else ""
    return (face_shot(shown.pictures[picture_id], picture_id, _said(row) + lacking),)


def _means(matrix: Matrix) -> Table:
    rows = tuple(
        (f"mean {title}", f"{matrix.shown.means[name]:.3f}", f"{matrix.everything.means[name]:.3f}")
        for name, title in COLUMNS.items()
    )
    head = ("figure", f"shown, n = {matrix.shown.pictures:,}", f"all counted, n = {matrix.everything.pictures:,}")
    return Table(head, rows)


def _counts(drawn: Confusion) -> Table:
    rows = tuple(
        (name, *(f"{int(count):,}" for count in counts))
        for name, counts in zip(drawn.classes, drawn.counts, strict=True)
    )
    return Table(("true class, answered as", *drawn.classes), rows, "Pictures.")


def mistakes_content(matrix: Matrix, gallery: Gallery, seen: str = "") -> Content:
    """Return the report's content; maps and pictures are those of this page of the gallery.

    ``seen``: what people make of the mistakes, a sentence; empty where it is not known.
    """
    drawn = matrix.drawn
    chart = Chart(confusion_figure(drawn, hide_diagonal=matrix.hide_diagonal, chosen=matrix.chosen))
    confusion = Section(
        "Confusion matrix",
        tuple(filter(None, (seen, drawn.said))),
        charts=(chart,),
        tables=(_counts(drawn), _means(matrix)),
    )
    shots = tuple(shot for row in gallery.rows for shot in _shot(gallery, row))
    part = f"Page {gallery.pages[0]} of {gallery.pages[1]}." if gallery.pages[1] > 1 else ""
    # Columns with a dot say where a map lies, for pictures that are not here.
    lines = [{key: value for key, value in row.items() if "." not in key} for row in gallery.rows]
    table = (Table.of(lines),) if lines else ()
    arrays: dict[str, Array] = {
        "classes": np.array(list(drawn.classes)),
        "confusion/counts": drawn.counts,
        "confusion/shown": drawn.values,
        "ids": np.array([str(row["id"]) for row in gallery.rows]),
        "labels": np.array([str(row["label"]) for row in gallery.rows]),
        "answers": np.array([str(row["predicted"]) for row in gallery.rows]),
        "confidence": np.array([float(row["confidence"]) for row in gallery.rows], np.float64),
    }
    for picture_id, pixels in gallery.pictures.items():
        arrays[f"pictures/{picture_id}"] = pixels
        found = _map(gallery, picture_id)
        if found is not None:
            arrays[f"{gallery.shows}/{picture_id}"] = found[0]
    return Content((confusion, Section(gallery.words, (part,), shots, tables=table)), arrays)
