"""What the report of the Evidence page holds: the league in numbers, and one face's maps beside its evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dashboard.report.content import Array, Content, Section, Shot, Table
from dashboard.report.text import layer_title, percent, short
from dashboard.shared.figures.map_card import MapCard, MapStyle
from dashboard.shared.figures.map_content import answer_arrays, answers_table, face_shot, map_shots
from dashboard.views.evidence.figures.cards import evidence_words, map_rows, unit_words
from dashboard.views.evidence.figures.numbers import number_rows
from engine.draw.overlay import display_ranges
from engine.evidence.face import JudgedFace, JudgedMap
from engine.evidence.report import EvidenceReport
from engine.explain.methods.registry import METHODS


@dataclass(frozen=True, eq=False)
class League:
    """The upper half: the report, which faces, which metric it is sorted by, and what is concluded."""

    report: EvidenceReport
    metric: str
    group: str
    words: Sequence[str]


def league_content(league: League) -> Content:
    """Return the league's numbers, as a table and as an array (rows, columns) of those that are numbers."""
    rows = number_rows(league.report, league.group)
    figures = [name for name in rows[0] if name not in {"map", "kind", "layer", "grid"}]
    values = [[np.nan if row[name] is None else row[name] for name in figures] for row in rows]
    section = Section(
        f"League of maps, faces: {league.group}",
        tuple(said for said in league.words if said),
        tables=(Table.of(rows, "Intervals: 95 %, bootstrap over pictures."),),
    )
    return Content(
        (section,),
        {
            "league/maps": np.array([" ".join(str(row[name]) for name in ("map", "layer", "grid")) for row in rows]),
            "league/figures": np.array(figures),
            "league/values": np.array(values, np.float64),
        },
    )


def _card(entry: JudgedMap, style: MapStyle, target: str) -> MapCard:
    """Return a map as a card; gates share the scale chosen, an explanation spans its own range from zero."""
    title, values = layer_title(entry.source.layer), entry.heatmap
    if entry.source.kind == "gate":
        (limits,) = display_ranges([values], style.scale)
        return MapCard(title, values, limits)
    if METHODS[entry.source.name].signed:
        (limits,) = display_ranges([values], "stretch", natural=None, signed=True)
        return MapCard(title, values, limits, signed=True)
    positive = np.maximum(values, 0.0)
    if not positive.any():
        return MapCard(title, None, (0.0, 0.0), f"no positive evidence for {target}")
    (limits,) = display_ranges([positive], "stretch", natural=None)
    return MapCard(title, positive, limits)


def _figure(value: float | None, *, share: bool = True) -> str:
    return "not judged" if value is None else percent(value) if share else f"{2.0**value:.2f}×"


def face_content(judged: JudgedFace, style: MapStyle) -> Content:
    """Return one face, its evidence, and every map with how well it agrees; arrays below ``face``."""
    known, answer = judged.known, judged.prediction
    marked = known.image if known.image.ndim == 3 else np.repeat(known.image[..., None], 3, axis=2)
    outlined = np.where(known.evidence[..., None], marked, marked // 3).astype(np.uint8)
    sections = [
        Section(
            f"Face {known.id}",
            (f"Shows {known.label}, answered {answer.label}. {evidence_words(known)} {unit_words(known)}",),
            (
                face_shot(known.image, f"face {known.id}", "the face as the model saw it"),
                face_shot(outlined, f"evidence {known.id}", "its known evidence; all else darkened"),
            ),
            tables=(answers_table(("probability",), (answer,)),),
        )
    ]
    arrays: dict[str, Array] = {
        "face/image": known.image, "face/evidence": known.evidence, "face/on_face": known.face,
        **answer_arrays(answer, "face/"),
    }  # fmt: skip
    for title, words, maps in map_rows(judged):
        shots: list[Shot] = []
        for entry in maps:
            arrays[f"face/{entry.source.kind}/{entry.source.name}/{entry.source.layer}"] = entry.heatmap
            shots += map_shots(known.image, (_card(entry, style, answer.label),), style, title)
        rows = tuple(
            (
                layer_title(entry.source.layer),
                _figure(entry.enrichment, share=False),
                _figure(entry.hit),
                _figure(entry.mass),
                _figure(entry.off_face),
                short(float(entry.heatmap.mean())),
            )
            for entry in maps
        )
        head = (
            "layer",
            "denser on evidence (enrichment)",
            "strongest place hits",
            "share on evidence (mass)",
            "share off the face (mass)",
            "mean",
        )
        sections.append(Section(title, (words,), tuple(shots), tables=(Table(head, rows),)))
    return Content(tuple(sections), arrays)
