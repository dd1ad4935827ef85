"""What the report of the What if page holds: both faces and answers, the maps of both, and what each region does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dashboard.report import subject
from dashboard.report.content import Array, Content, Section, Table
from dashboard.report.text import percent
from dashboard.shared.figures.map_card import MapStyle
from dashboard.shared.figures.map_content import answers_table, face_shot, map_shots
from dashboard.shared.figures.sheet import named_arrays
from dashboard.views.what_if.figures.answers import read_change, read_effects, region_title, table_columns
from dashboard.views.what_if.figures.maps import ROWS, channel_words, map_columns
from engine.edit.region_effects import RegionEffects
from engine.edit.regions import FaceRegions
from engine.records import FaceExplanation


@dataclass(frozen=True, eq=False)
class WhatIf:
    """An edit and what it does.

    Attributes:
        before, after: of one model, with Grad-CAM of one target at one layer; the same record while nothing is edited.
        target: the class whose part of a per-class gate is shown.
        style: how maps are drawn.
        effects: what hiding each region of the unedited face does.
        regions: of the unedited face. credit: where the picture is from.
    """

    before: FaceExplanation
    after: FaceExplanation
    target: str
    style: MapStyle
    effects: RegionEffects
    regions: FaceRegions
    credit: str


def _maps(done: WhatIf) -> Section:
    faces = (done.before.face, done.after.face, done.after.face)
    shots = tuple(
        shot
        for column in map_columns(done.before, done.after, done.target, done.style.scale)
        for face, card, row in zip(faces, column.cards, ROWS, strict=True)
        for shot in map_shots(face, (card,), done.style, f"{column.name} {row}")
    )
    words = (
        f"Grad-CAM explains {done.before.maps[0].target} for both {subject.face()}s. Change: after minus before, cell "
        "by cell; red is more, blue less."
    )
    return Section(
        "Grad-CAM and gates, before, after and change", (words, channel_words(done.before, done.after)), shots
    )


def _effects(effects: RegionEffects) -> Section:
    columns = table_columns(effects)
    at = [effects.classes.index(name) for name in columns]
    rows = tuple(
        (
            region_title(name),
            percent(float(effects.shares[row])),
            *(f"{100 * float(effects.changes[row, k]):+.1f}" for k in at),
            effects.answers[row],
        )
        for row, name in enumerate(effects.regions)
    )
    table = Table(
        ("region hidden", "share of the crop", *columns, "answer then"),
        rows,
        f"Changes of each probability in percentage points; fill: {effects.fill}. One picture, one model: no interval.",
    )
    return Section("What each region does", (read_effects(effects),), tables=(table,))


def what_if_content(done: WhatIf) -> Content:
    """Return the report's content; arrays below ``before``, ``after``, ``regions`` and ``hiding``."""
    before, after, effects = done.before, done.after, done.effects
    edited = after is not before
    faces = (face_shot(before.face, "before", "before"), face_shot(after.face, "after", "after the edit"))
    answer = Section(
        "Answer before and after",
        (read_change(before.prediction, after.prediction, edited=edited), done.credit),
        faces if edited else faces[:1],
        tables=(answers_table(("before", "after"), (before.prediction, after.prediction)),),
    )
    arrays: dict[str, Array] = {}
    for prefix, one in (("before", before), ("after", after)):
        arrays |= {f"{prefix}/{name}": array for name, array in named_arrays(one, one.maps).items()}
    arrays |= {
        "regions/number_of_pixel": done.regions.indices,
        "regions/name_of_number": np.array(done.regions.names),
        "hiding/regions": np.array(effects.regions),
        "hiding/probabilities": effects.after,
        "hiding/probabilities_whole": effects.before,
        "hiding/shares": effects.shares,
    }
    return Content((answer, _maps(done), _effects(effects)), arrays)
