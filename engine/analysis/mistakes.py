"""What the page of misclassifications asks of a store: one typed view, and the queries that it stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from engine.analysis.store.query import Column, Filter, Range, Sort
from engine.analysis.store.store import AnalysisStore
from engine.errors import UnknownNameError

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

ANSWERED: Final[dict[str, bool | None]] = {"wrong": False, "right": True, "all": None}
"""Which answers are shown → :attr:`engine.analysis.store.query.Filter.correct`."""

SHARES: Final[tuple[str, ...]] = ("counts", "of true", "of answers")
"""How a confusion matrix is written: pictures, shares of each row, or shares of each column."""

FIGURES: Final[tuple[str, ...]] = ("confidence", "loss", "margin", "suspicion")
"""The columns that pictures are filtered and sorted by, and averaged over a cell."""

PEOPLES: Final = "voters_entropy"
"""The column that pictures are sorted by as well, in a store that knows what people saw."""


@dataclass(frozen=True)
class MistakesView:
    """Which pictures are shown, and in which order.

    Attributes:
        labels, predicted: true classes and answers; empty for all.
        answered: a key of :data:`ANSWERED`.
        agree: whether the models of the store agree; None for either.
        copies, near, in_train, suspicious, text, ids: as in :class:`engine.analysis.store.query.Filter`.
        ranges: column of :data:`FIGURES` → (low, high), either None for no bound.
        truth: ``label``, or ``majority``: true is what most people saw, and an answer is right where it is that.
        agreement, side: as in :class:`engine.analysis.store.query.Filter`.
        sort: a column of :data:`FIGURES`, or :data:`PEOPLES`, or empty for the data set's order.
        descending: largest first.
    """

    labels: tuple[str, ...] = ()
    predicted: tuple[str, ...] = ()
    answered: str = "wrong"
    agree: bool | None = None
    copies: Literal["only", "first"] | None = None
    near: Literal["only", "first"] | None = None
    in_train: bool | None = None
    suspicious: bool | None = None
    text: str = ""
    ids: tuple[str, ...] | None = None
    ranges: tuple[tuple[str, float | None, float | None], ...] = ()
    truth: Literal["label", "majority"] = "label"
    agreement: tuple[str, ...] = ()
    side: tuple[str, ...] = ()
    sort: str = ""
    descending: bool = True

    def matrix(self) -> Filter:
        """Return what a confusion matrix counts: everything that is asked but the classes, which are its axes."""
        return replace(self.pictures(), agreement=self.agreement, side=self.side)

    def pictures(self) -> Filter:
        """Return the same whatever is asked about people."""
        return Filter(
            agree=self.agree,
            copies=self.copies,
            near=self.near,
            in_train=self.in_train,
            suspicious=self.suspicious,
            text=self.text,
            ids=self.ids,
            ranges=tuple(Range(Column(name), low, high) for name, low, high in self.ranges),
        )

    def gallery(self) -> Filter:
        """Return the pictures of the chosen cell, or of the chosen rows and columns."""
        if self.answered not in ANSWERED:
            raise UnknownNameError("choice of answers", self.answered, ANSWERED)
        of_answer = replace(self.matrix(), predicted=self.predicted)
        if self.truth == "majority":
            return replace(of_answer, majority=self.labels, as_people=ANSWERED[self.answered])
        return replace(of_answer, labels=self.labels, correct=ANSWERED[self.answered])

    def order(self) -> Sort | None:
        """Return the order of the gallery; None is the data set's."""
        if not self.sort:
            return None
        if self.sort not in (*FIGURES, PEOPLES):
            raise UnknownNameError("order", self.sort, (*FIGURES, PEOPLES))
        return Sort(Column(self.sort), self.descending)

    @property
    def cell(self) -> tuple[str, str] | None:
        """The (true class, answer) of the one cell that is chosen, or None."""
        if len(self.labels) == len(self.predicted) == 1:
            return self.labels[0], self.predicted[0]
        return None


def normalised(matrix: Int64, share: str) -> Float64:
    """Return a confusion matrix (K, K), rows true, as counts or as shares in [0, 1]; an empty row or column is NaN.

    Args:
        matrix: counts.
        share: one of :data:`SHARES`.
    """
    if share not in SHARES:
        raise UnknownNameError("way of writing a confusion matrix", share, SHARES)
    counts = matrix.astype(np.float64)
    if share == "counts":
        return counts
    total = counts.sum(axis=1 if share == "of true" else 0, keepdims=True)
    return np.asarray(counts / np.where(total > 0, total, np.nan))


@dataclass(frozen=True)
class Means:
    """The mean of number columns over the pictures of a filter.

    Attributes:
        pictures: how many there are.
        means: column → mean over those that have a value, NaN where none has.
    """

    pictures: int
    means: dict[str, float]


def means(store: AnalysisStore, names: Sequence[str], where: Filter) -> Means:
    """Average columns of the store's first model over the pictures of ``where``."""
    found = {}
    for by_class in store.class_means([Column(name) for name in names], where):
        some = by_class.count > 0
        count = int(by_class.count.sum())
        total = float((by_class.count[some] * by_class.mean[some]).sum())
        found[by_class.column.name] = total / count if count else float("nan")
    return Means(store.count(where), found)
