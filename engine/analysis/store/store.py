"""The analyses of any number of models on one split, joined by picture and asked with typed queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from engine.analysis.files.predictions import PredictionSource, find_predictions
from engine.analysis.store.joined import JoinedTable
from engine.analysis.store.query import OF_PICTURES, Column, Filter, Sort, conditions, quoted
from engine.analysis.store.voted import OF_MODEL, OF_PICTURE
from engine.data.votes.file import VoteFile
from engine.errors import UnknownNameError, UsageError

EVERYTHING: Final = Filter()
GROUPINGS: Final = ("label", "predicted")
TRUTHS: Final = ("label", "majority")


@dataclass(frozen=True, eq=False)
class Page:
    """Rows ``offset`` to ``offset`` + len(table) - 1 of ``total``; a column asked of a model is ``name|model``."""

    table: pa.Table
    total: int
    offset: int


@dataclass(frozen=True, eq=False)
class ClassMeans:
    """Count, mean and spread of a number column for each of K classes; NaN where there is nothing to average.

    ``count`` int64 (K,) counts the rows that have a value; ``mean`` and ``deviation`` (n - 1) are float64 (K,).
    """

    column: Column
    classes: tuple[str, ...]
    count: NDArray[np.int64]
    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]


class AnalysisStore:
    """Models joined by picture; safe to share between threads.

    Args:
        sources: one a model, distinct.
        votes: what people saw in the pictures, where that is at hand.

    Raises:
        DataError: the models have different classes or no picture in common, disagree about labels, or a file is
            damaged.
    """

    def __init__(self, sources: Sequence[PredictionSource], votes: VoteFile | None = None) -> None:
        self._joined = JoinedTable(sources, votes)
        self.names = self._joined.names
        self.sources = self._joined.sources

    def close(self) -> None:
        """Free the memory."""
        self._joined.close()

    @property
    def models(self) -> tuple[str, ...]:
        """The models, in the order given."""
        return self.names.models

    @property
    def classes(self) -> tuple[str, ...]:
        """K class names."""
        return self.names.classes

    @property
    def no_near(self) -> str:
        """Why near copies are not known here, in a sentence; empty where they are."""
        return self.names.no_near

    @property
    def no_votes(self) -> str:
        """Why what people saw is not known here, in a sentence; empty where it is."""
        return self.names.no_votes

    def columns(self, model: str | None = None) -> tuple[str, ...]:
        """Return the names of a model's columns, gates included."""
        return tuple(self.names.columns[self.models[self.names.model_index(model)]])

    # ---- questions

    def count(self, where: Filter = EVERYTHING) -> int:
        """Return how many pictures there are."""
        clause, values = self._where(where)
        return int(self._joined.fetch(f"SELECT count(*) FROM joined WHERE {clause}", values)[0][0])  # noqa: S608 - see query

    def rows(
        self,
        where: Filter = EVERYTHING,
        *,
        sort: Sort | None = None,
        columns: Sequence[Column] = (),
        offset: int = 0,
        limit: int | None = 50,
    ) -> Page:
        """Return a page of pictures.

        Args:
            where: which. sort: default the data set's order.
            columns: default those of the first model that belong to no gate.
            offset: rows to skip. limit: rows at most; None for all.
        """
        if offset < 0 or (limit is not None and limit < 1):
            raise UsageError(f"Expected an offset of 0 or more and a limit of 1 or more, got {offset} and {limit}.")
        clause, values = self._where(where)
        wanted = tuple(columns) or tuple(Column(name) for name in self.sources[0].core)
        self._joined.prepare([*wanted, *([sort.column] if sort else [])])
        shown = ", ".join(f"{self.names.sql(column)} AS {quoted(_shown(column))}" for column in wanted)
        order = "row_0"
        if sort is not None:
            order = f"{self.names.sql(sort.column)} {'DESC' if sort.descending else 'ASC'} NULLS LAST, row_0"
        sql = f"SELECT {shown} FROM joined WHERE {clause} ORDER BY {order}"  # noqa: S608 - names are whitelisted
        if limit is not None:
            sql += " LIMIT ?"
            values = [*values, limit]
        table = self._joined.table(sql + " OFFSET ?", [*values, offset])
        return Page(table, self.count(where), offset)

    def picture(self, picture_id: str, model: str | None = None) -> dict[str, Any]:
        """Return every column of one picture for one model, with what people saw where that is known.

        Raises:
            UnknownNameError: no such picture in this store.
        """
        index = self.names.model_index(model)
        found = self._joined.fetch(f"SELECT row_{index} FROM joined WHERE id = ?", [picture_id])  # noqa: S608 - a number
        if not found:
            raise UnknownNameError("picture", picture_id, ())
        row = self.sources[index].row(found[0][0])
        if not self.no_votes:
            columns = [Column(name, model) for name in (*OF_PICTURE, *OF_MODEL)]
            shown = ", ".join(self.names.sql(column) for column in columns)
            (seen,) = self._joined.fetch(f"SELECT {shown} FROM joined WHERE id = ?", [picture_id])  # noqa: S608 - whitelisted
            row |= {column.name: value for column, value in zip(columns, seen, strict=True)}
        return row

    def confusion(
        self, where: Filter = EVERYTHING, *, model: str | None = None, truth: Literal["label", "majority"] = "label"
    ) -> NDArray[np.int64]:
        """Return int64 (K, K), rows true, columns predicted by ``model``.

        By ``majority`` true is what most people saw, and pictures of which that is not known or no class are left out.

        Raises:
            UsageError: what people saw is not known here.
        """
        if truth not in TRUTHS:
            raise UnknownNameError("kind of truth", truth, TRUTHS)
        if truth == "majority" and self.no_votes:
            raise UsageError(self.no_votes)
        clause, values = self._where(where)
        row, predicted = self.names.sql(Column(truth)), self.names.sql(Column("predicted", model))
        sql = f"SELECT {row}, {predicted}, count(*) FROM joined WHERE {clause} GROUP BY ALL"  # noqa: S608 - whitelisted
        matrix = np.zeros((len(self.classes), len(self.classes)), np.int64)
        for label, answer, count in self._joined.fetch(sql, values):
            if label in self.classes:
                matrix[self.classes.index(label), self.classes.index(answer)] = count
        return matrix

    def class_means(
        self,
        columns: Sequence[Column],
        where: Filter = EVERYTHING,
        *,
        by: Literal["label", "predicted"] = "label",
        model: str | None = None,
    ) -> tuple[ClassMeans, ...]:
        """Return count, mean and spread of number columns by true class, or by the answer of ``model``."""
        if by not in GROUPINGS:
            raise UnknownNameError("grouping", by, GROUPINGS)
        for column in columns:
            if self.names.kind(column) != "number":
                raise UsageError(f"Expected number columns to average, got '{column.name}'; choose another column.")
        clause, values = self._where(where)
        self._joined.prepare(columns)
        group = self.names.sql(Column(by, model))
        parts = [
            f"count({name}), avg(CAST({name} AS DOUBLE)), stddev_samp(CAST({name} AS DOUBLE))"
            for name in (self.names.sql(column) for column in columns)
        ]
        sql = f"SELECT {', '.join([group, *parts])} FROM joined WHERE {clause} GROUP BY ALL"  # noqa: S608 - whitelisted
        table = np.full((len(self.classes), 3 * len(columns)), np.nan)
        for name, *figures in self._joined.fetch(sql, values):
            table[self.classes.index(name)] = [np.nan if figure is None else figure for figure in figures]
        return tuple(
            ClassMeans(
                column,
                self.classes,
                np.nan_to_num(table[:, 3 * k]).astype(np.int64),
                table[:, 3 * k + 1].copy(),
                table[:, 3 * k + 2].copy(),
            )
            for k, column in enumerate(columns)
        )

    def _where(self, where: Filter) -> tuple[str, list[Any]]:
        self._joined.prepare([bounds.column for bounds in where.ranges])
        return conditions(where, self.names)


def _shown(column: Column) -> str:
    return column.name if column.model is None or column.name in OF_PICTURES else f"{column.name}|{column.model}"


def open_store(
    models: Sequence[str],
    dataset: str,
    split: str,
    *,
    folder: Path | None = None,
    votes: VoteFile | None = None,
) -> AnalysisStore:
    """Open the analyses of checkpoints on a split (see :func:`engine.analysis.files.predictions.find_predictions`).

    ``votes``: what people saw, as :func:`engine.data.votes.file.read_votes` reads it.
    """
    return AnalysisStore(find_predictions(models, dataset, split, folder=folder), votes)
