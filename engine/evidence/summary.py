"""From readings of single faces to the report: each map over its own faces, with the references over the same ones."""

from __future__ import annotations

from collections import Counter
from typing import Final

import numpy as np

from engine.errors import DataError
from engine.evidence.readings import ANSWERS, AnsweredFaces, EvidenceReadings
from engine.evidence.report import CEILING, CueAnswers, EvidenceReport, MapFigures, MapSource, summarise
from engine.evidence.scores import Bool, EvidenceScores
from engine.explain.methods.registry import METHODS
from engine.labels import EMOTIONS
from engine.records import RunCard
from engine.statistics.maps import REFERENCES

_KINDS: Final = ("method", "gate", "reference")


def groups_of(faces: AnsweredFaces, first: int) -> dict[str, Bool]:
    """Return group → bool (n,) over those of the ``first`` faces that have evidence, in order."""
    keep = faces.evident[:first]
    labels, answers = faces.labels[:first][keep], faces.answers[:first][keep]
    right = np.asarray(answers == labels)
    groups = {"all": np.ones(len(labels), np.bool_), "right": right, "wrong": ~right}
    if faces.cues is not None:
        marks = faces.cues[:first][keep]
        groups["fooled"] = np.asarray((answers == marks) & (marks != labels))
    return groups


def report_of(readings: EvidenceReadings, card: RunCard, *, split: str, variant: str, seed: int) -> EvidenceReport:
    """Summarise everything that was read.

    Args:
        readings: with the answers of one face or more.
        card: of the model.
        split, variant, seed: as the readings were made with; the seed is also that of the bootstrap.

    Raises:
        DataError: no face has evidence.
    """
    faces, drawn = readings.faces, readings.read(ANSWERS)
    if faces is None or not faces.evident.any():
        raise DataError(f"None of the {drawn} pictures has evidence to be judged by; raise --limit.")
    rows = [row for first in _prefixes(readings) for row in _rows(readings, faces, first, seed)]
    rows.sort(key=lambda row: _order(row.source))
    excluded = Counter(EMOTIONS[label] for label in faces.labels[~faces.evident])
    groups = groups_of(faces, drawn)
    cue: CueAnswers | None = None
    if faces.cues is not None:
        differs = (faces.cues != faces.labels)[faces.evident]
        cue = CueAnswers(differs=int(differs.sum()), followed=int(groups["fooled"].sum()))
    return EvidenceReport(
        model=card.name,
        weights_sha256=card.weights_sha256,
        split=split,
        variant=variant,
        seed=seed,
        classes=card.classes,
        pictures=drawn,
        scored=len(groups["all"]),
        right=int(groups["right"].sum()),
        excluded={name: excluded[name] for name in EMOTIONS if excluded[name]},
        maps=tuple(row for row in rows if row.source.kind != "reference"),
        references=tuple(row for row in rows if row.source.kind == "reference"),
        not_scored=readings.not_scored,
        cue=cue,
        refused={name: readings.refused[name] for name in METHODS if name in readings.refused},
    )


def _order(source: MapSource) -> tuple[int, int]:
    """Methods in the order of METHODS, then gates, then references; what is alike keeps its order."""
    return _KINDS.index(source.kind), list(METHODS).index(source.name) if source.kind == "method" else 0


def _prefixes(readings: EvidenceReadings) -> list[int]:
    """Return the numbers of faces that maps have, the largest first."""
    found = {len(figures) for source, figures in readings.figures.items() if source.kind != "reference"}
    return sorted(found, reverse=True)


def _rows(readings: EvidenceReadings, faces: AnsweredFaces, first: int, seed: int) -> tuple[MapFigures, ...]:
    """Summarise the maps that have the ``first`` faces, and the references over exactly these on the maps' grids."""
    own = [
        source for source, figures in readings.figures.items() if source.kind != "reference" and len(figures) == first
    ]
    grids = dict.fromkeys(source.grid for source in own)
    beside = [MapSource("reference", name, "", grid) for grid in grids for name in (*REFERENCES, CEILING)]
    scores: dict[MapSource, EvidenceScores] = {source: readings.scores(source, first) for source in (*own, *beside)}
    groups = groups_of(faces, first)
    return summarise(scores, groups, pictures=first, seed=seed) if groups["all"].any() else ()
