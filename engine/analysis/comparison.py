"""Two models' stored answers to the same pictures, compared: the statistics, every picture's fate, and the speeds.

The statistics are those of :mod:`engine.statistics.comparison`. Beside them each class has simultaneous intervals: of K
classes each gets the level 1 - .05 / K (Bonferroni), so that all K hold together at 95 %.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from engine.analysis.files.places import REPORT
from engine.analysis.files.predictions import PredictionSource
from engine.analysis.store.query import Column
from engine.analysis.store.store import AnalysisStore
from engine.documents import BAD_VALUES, read_document
from engine.errors import DataError, UsageError
from engine.statistics.comparison import Answers, ClassDifference, Comparison, compare
from engine.statistics.intervals import LEVEL, RESAMPLES
from engine.statistics.paired import paired_differences


@dataclass(frozen=True)
class Outcome:
    """What became of one picture: its label, each model's answer and that answer's probability in [0, 1]."""

    id: str
    label: str
    first: str
    second: str
    first_confidence: float
    second_confidence: float


@dataclass(frozen=True, eq=False)
class StoredComparison:
    """Two models on the pictures that both were analysed on.

    Attributes:
        comparison: figures, tests and groups; second minus first.
        simultaneous: the K classes again, their intervals corrected for being K; p as in ``comparison``.
        outcomes: picture id → what became of it.
        left_out: pictures of each analysis that the other does not have.
        milliseconds: of bare inference a face, in batches, as each analysis measured it; None where it did not.
    """

    comparison: Comparison
    simultaneous: tuple[ClassDifference, ...]
    outcomes: dict[str, Outcome]
    left_out: tuple[int, int]
    milliseconds: tuple[float | None, float | None]

    def group(self, name: str) -> tuple[Outcome, ...]:
        """Return the pictures of a group, those first on which the less sure wrong answer was surest."""
        found = [self.outcomes[picture] for picture in self.comparison.groups[name]]
        return tuple(sorted(found, key=lambda one: -_wrong_confidence(one)))


def _wrong_confidence(one: Outcome) -> float:
    """Return the confidence of the wrong answer, of the less sure one where both are wrong; 0 where none is."""
    wrong = [
        confidence
        for answer, confidence in ((one.first, one.first_confidence), (one.second, one.second_confidence))
        if answer != one.label
    ]
    return min(wrong, default=0.0)


def bare_milliseconds(source: PredictionSource) -> float | None:
    """Return how long a face took in bare inference when the model was analysed, or None where that is not stored."""
    try:
        document: dict[str, Any] = read_document(source.file.parent / REPORT)
        rate = (document.get("throughput") or {}).get("bare_pictures_per_second")
        return 1000.0 / float(rate) if rate else None
    except (OSError, *BAD_VALUES):
        return None  # the report is not what is asked for here: the predictions are whole


def compare_stored(store: AnalysisStore, *, seed: int = 0) -> StoredComparison:
    """Compare the two models of a store.

    Raises:
        UsageError: the store has not two models. DataError: they have no picture in common.
    """
    if len(store.models) != 2:
        raise UsageError(f"Expected two models to compare, got {len(store.models)}; open the store with two.")
    one, two = store.models
    asked = [Column("id"), Column("label")]
    asked += [Column(name, model) for model in (one, two) for name in ("predicted", "confidence")]
    table = store.rows(columns=asked, limit=None).table
    if not len(table):
        raise DataError(f"'{one}' and '{two}' were analysed on no picture in common; analyse both on the same split.")
    columns = [column.to_pylist() for column in table.columns]
    outcomes = {
        picture: Outcome(picture, label, first, second, float(sure), float(other))
        for picture, label, first, sure, second, other in zip(*columns, strict=True)
    }
    classes = store.classes
    place = {name: index for index, name in enumerate(classes)}
    ids = tuple(outcomes)
    labels, first, second = (
        np.array([place[name] for name in names], dtype=np.int64) for names in (columns[1], columns[2], columns[4])
    )
    comparison = compare(
        Answers(one, classes, ids, labels, first), Answers(two, classes, ids, labels, second), seed=seed
    )
    count = len(classes)
    wide = paired_differences(
        labels, first, second, count, seed=seed, resamples=4 * RESAMPLES, level=1.0 - (1.0 - LEVEL) / count
    )
    simultaneous = tuple(
        replace(row, recall=replace(wide[2 + k], p=row.recall.p), f1=replace(wide[2 + count + k], p=row.f1.p))
        for k, row in enumerate(comparison.per_class)
    )
    missing = [source.rows - len(ids) for source in store.sources]
    speeds = [bare_milliseconds(source) for source in store.sources]
    return StoredComparison(comparison, simultaneous, outcomes, (missing[0], missing[1]), (speeds[0], speeds[1]))
