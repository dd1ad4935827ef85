"""Precision, recall and F1 of each class with their intervals, from a confusion matrix alone.

A precision and a recall are shares of counted pictures and have Wilson intervals. F1 and macro F1 are no shares: theirs
are percentile bootstrap intervals over pictures (as in :mod:`engine.statistics.intervals`). Pictures of one cell count
alike, so drawing N of them is one multinomial draw over the cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.statistics.classification import wilson_interval
from engine.statistics.intervals import LEVEL, RESAMPLES, Estimate
from engine.statistics.paired import scores

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]


@dataclass(frozen=True)
class ClassFigures:
    """One class: ``support`` counts its pictures, ``answers`` how often it was answered.

    An estimate's ``n`` is what the figure is taken over; a precision without answers and a recall without pictures
    have no mean.
    """

    name: str
    support: int
    answers: int
    precision: Estimate
    recall: Estimate
    f1: Estimate


@dataclass(frozen=True, eq=False)
class Figures:
    """A split's figures.

    Attributes:
        classes: K names. confusion: int64 (K, K), rows true, columns answered.
        accuracy, macro_f1: over all pictures; macro F1 is the mean over the classes that have pictures.
        per_class: K.
    """

    classes: tuple[str, ...]
    confusion: Int64
    accuracy: Estimate
    macro_f1: Estimate
    per_class: tuple[ClassFigures, ...]

    @property
    def n(self) -> int:
        """Pictures."""
        return self.accuracy.n

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "n": self.n,
            "accuracy": self.accuracy.as_dict(),
            "macro_f1": self.macro_f1.as_dict(),
            "per_class": {
                row.name: {
                    "support": row.support,
                    "answers": row.answers,
                    "precision": row.precision.as_dict(),
                    "recall": row.recall.as_dict(),
                    "f1": row.f1.as_dict(),
                }
                for row in self.per_class
            },
            "confusion": self.confusion.tolist(),
        }


def share(right: int, n: int) -> Estimate:
    """Return ``right`` / ``n`` with its 95 % Wilson interval; no mean where n is 0."""
    if n == 0:
        return Estimate(None, None, None, 0)
    low, high = wilson_interval(right, n)
    return Estimate(right / n, low, high, n)


def _counts(cells: Float64) -> Float64:
    """Return hits, pictures and answers of each class, (..., 3 K), of confusions (..., K, K)."""
    return np.concatenate([np.diagonal(cells, axis1=-2, axis2=-1), cells.sum(axis=-1), cells.sum(axis=-2)], axis=-1)


def class_figures(confusion: Int64, classes: tuple[str, ...], *, seed: int = 0, resamples: int = RESAMPLES) -> Figures:
    """Return the figures of a confusion matrix.

    Args:
        confusion: int64 (K, K), rows true, columns answered, one picture or more.
        classes: K names.
        seed: of the resampling. resamples: how many times N pictures are drawn.
    """
    k = len(classes)
    n = int(confusion.sum())
    if confusion.shape != (k, k) or n == 0:
        raise ValueError(f"expected a confusion matrix ({k}, {k}) of one picture or more, got {confusion.shape}")
    present = confusion.sum(axis=1) > 0
    observed = scores(_counts(confusion.astype(np.float64)), k, present)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(n, confusion.ravel() / n, size=resamples).reshape(resamples, k, k)
    resampled = scores(_counts(drawn.astype(np.float64)), k, present)
    tail = 50.0 * (1.0 - LEVEL)

    def bootstrapped(column: int, count: int) -> Estimate:
        low, high = np.percentile(resampled[:, column], [tail, 100.0 - tail])
        return Estimate(float(observed[column]), float(low), float(high), count)

    rows = []
    for index, name in enumerate(classes):
        hit, support, answers = (
            int(value) for value in (confusion[index, index], confusion[index].sum(), confusion[:, index].sum())
        )
        involved = support + answers - hit
        f1 = bootstrapped(2 + k + index, involved) if involved else Estimate(None, None, None, 0)
        rows.append(ClassFigures(name, support, answers, share(hit, answers), share(hit, support), f1))
    return Figures(classes, confusion, share(int(np.trace(confusion)), n), bootstrapped(1, n), tuple(rows))
