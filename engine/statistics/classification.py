"""Accuracy and what belongs to it, from predictions; the figures come from scikit-learn.

Precision, recall and F1 of each class with their intervals, from a confusion matrix alone.

A precision and a recall are shares of counted pictures and have Wilson intervals. F1 and macro F1 are no shares: theirs
are percentile bootstrap intervals over pictures (as in :mod:`engine.statistics.intervals`). Pictures of one cell count
alike, so drawing N of them is one multinomial draw over the cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.stats import binomtest  # SciPy comes with scikit-learn
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from engine.statistics.frequent import ShownClasses, shown_classes
from engine.statistics.intervals import LEVEL, RESAMPLES, Estimate
from engine.statistics.paired import scores

Int64 = NDArray[np.int64]
Bool = NDArray[np.bool_]


def wilson_interval(right: int, n: int) -> tuple[float, float]:
    """95 % interval of a share ``right`` / ``n`` (Wilson 1927), in [0, 1]; (0, 1) where n is 0."""
    if n == 0:
        return 0.0, 1.0
    # The p value, which nobody asks for here, is found at once where the share itself is tested.
    interval = binomtest(right, n, right / n).proportion_ci(LEVEL, method="wilson")
    return float(interval.low), float(interval.high)


@dataclass(frozen=True, eq=False)
class ClassificationReport:
    """How well a model did on a split.

    Attributes:
        n: pictures. accuracy: share in [0, 1]. interval: its 95 % Wilson interval.
        macro_f1: unweighted mean of the classes' F1.
        per_class: name → precision, recall, f1 (in [0, 1]) and support.
        confusion: int64 (K, K), rows true, columns predicted.
        n_clean, accuracy_clean, interval_clean: without the pictures of which an exact copy was in the training folder;
            None where that is not known.
    """

    classes: tuple[str, ...]
    n: int
    accuracy: float
    interval: tuple[float, float]
    macro_f1: float
    per_class: dict[str, dict[str, float | int]]
    confusion: Int64
    n_clean: int | None
    accuracy_clean: float | None
    interval_clean: tuple[float, float] | None

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready values, shares to five digits."""
        return {
            "classes": list(self.classes),
            "n": self.n,
            "accuracy": round(self.accuracy, 5),
            "interval": [round(value, 5) for value in self.interval],
            "macro_f1": round(self.macro_f1, 5),
            "per_class": {
                name: {key: value if isinstance(value, int) else round(value, 5) for key, value in row.items()}
                for name, row in self.per_class.items()
            },
            "confusion": self.confusion.tolist(),
            "n_clean": self.n_clean,
            "accuracy_clean": None if self.accuracy_clean is None else round(self.accuracy_clean, 5),
            "interval_clean": None if self.interval_clean is None else [round(v, 5) for v in self.interval_clean],
        }


def classification_report(
    labels: Int64, predicted: Int64, classes: tuple[str, ...], *, in_train: Bool | None = None
) -> ClassificationReport:
    """Compare predictions with labels.

    Args:
        labels: (N,) true class indices in [0, K).
        predicted: (N,) class indices.
        classes: K names. A class without pictures does not count in the macro mean.
        in_train: (N,) True where an exact copy of the picture was in the training folder.

    Raises:
        ValueError: no pictures, or arrays of different lengths.
    """
    if len(labels) == 0 or len(labels) != len(predicted):
        raise ValueError(f"expected as many predictions as labels, one or more, got {len(predicted)} and {len(labels)}")
    indices = np.arange(len(classes))
    precision, recall, f1, support = precision_recall_fscore_support(
        labels, predicted, labels=indices, zero_division=0.0
    )
    right = labels == predicted
    n_clean = accuracy_clean = interval_clean = None
    if in_train is not None:
        clean = ~in_train
        n_clean = int(clean.sum())
        if n_clean:
            accuracy_clean = float(right[clean].mean())
            interval_clean = wilson_interval(int(right[clean].sum()), n_clean)
    return ClassificationReport(
        classes=classes,
        n=len(labels),
        accuracy=float(right.mean()),
        interval=wilson_interval(int(right.sum()), len(labels)),
        macro_f1=float(f1[support > 0].mean()),
        per_class={
            name: {
                "precision": float(precision[i]),
                "recall": float(recall[i]),
                "f1": float(f1[i]),
                "support": int(support[i]),
            }
            for i, name in enumerate(classes)
        },
        confusion=confusion_matrix(labels, predicted, labels=indices).astype(np.int64),
        n_clean=n_clean,
        accuracy_clean=accuracy_clean,
        interval_clean=interval_clean,
    )


Float64 = NDArray[np.float64]


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

    @property
    def shown(self) -> ShownClasses:
        """The classes that tables and charts have: all, or of many the most frequent."""
        return shown_classes(self.classes, [row.support for row in self.per_class])

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


_CHUNK: Final = 4_000_000
"""Numbers drawn at a time; bounds the memory where many classes are mixed up with many."""


def _resampled(confusion: Int64, n: int, seed: int, resamples: int) -> Float64:
    """Draw ``n`` pictures ``resamples`` times; return each draw's hits, pictures and answers, (resamples, 3 K).

    Only cells with a picture are drawn, of which there are at most ``n``, however many classes.
    """
    k = len(confusion)
    rows, columns = confusion.nonzero()
    shares = confusion[rows, columns] / n
    cell = np.arange(len(rows))
    hits = rows == columns
    places = np.concatenate([rows[hits], k + rows, 2 * k + columns])
    sums = csr_array((np.ones(len(places)), (places, np.concatenate([cell[hits], cell, cell]))), (3 * k, len(rows)))
    rng = np.random.default_rng(seed)
    at_once = max(1, _CHUNK // len(rows))
    drawn = [
        (sums @ rng.multinomial(n, shares, size=min(at_once, resamples - start)).astype(np.float64).T).T
        for start in range(0, resamples, at_once)
    ]
    return np.concatenate(drawn)


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
    resampled = scores(_resampled(confusion, n, seed, resamples), k, present)
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
