"""The table that a store asks: one row a picture that all models have, in the data set's order.

DuckDB holds it in memory, so that no query joins anything. The columns of gates, of which there are many, are added
when they are first asked for.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from engine.analysis.files.predictions import PredictionSource
from engine.analysis.store.query import OF_PICTURES, SHARED, Column, Names, quoted
from engine.analysis.store.voted import OF_MODEL, OF_PICTURE, has_votes, model_columns, picture_columns
from engine.data.votes.file import WHERE, VoteFile
from engine.errors import DataError, UsageError
from engine.labels import few


def _check(sources: Sequence[PredictionSource]) -> Names:
    """Refuse sources that cannot stand beside each other."""
    if not sources:
        raise UsageError("Expected one or more models, got none; name one.")
    first = sources[0]
    for source in sources[1:]:
        if set(source.classes) != set(first.classes):  # in whatever order: labels and answers are words here
            raise DataError(
                f"'{first.model}' knows {few(first.classes)}; '{source.model}' knows {few(source.classes)}; compare "
                "models of the same classes."
            )
    models = tuple(source.model for source in sources)
    if len(set(models)) != len(models):
        raise UsageError(f"Expected distinct models, got {', '.join(models)}; name each once.")
    return Names(models, first.classes, {source.model: source.kinds for source in sources})


class JoinedTable:
    """The table ``joined``: the columns of :data:`SHARED`, ``search`` (the id in lower case), ``copies`` (how many
    pictures are copies of this one, itself included), ``copy`` (the how manieth it is), ``alike`` (whether a picture of
    other pixels looks like it), ``look`` (the how manieth of those that look alike), and per model i ``row_i`` (its row
    in the file) and ``<column>|i``. Safe to share between threads.

    Files of before near copies were looked for have no ``near_group``: then it is null, and nothing is alike. With
    ``votes`` it also has the columns of :data:`engine.analysis.store.voted.OF_PICTURE` and, per model, ``OF_MODEL``.
    """

    def __init__(self, sources: Sequence[PredictionSource], votes: VoteFile | None = None) -> None:
        self.names = _check(sources)
        self.sources = tuple(sources)
        self._lock = threading.Lock()
        self._there: set[tuple[str, int]] = set()
        self._connection = duckdb.connect(":memory:")
        for index, source in enumerate(sources):
            self._load(index, source)
        self._join()
        self.names = replace(self.names, no_near=self._no_near(), no_votes=self._no_votes(votes))
        if votes is not None and not self.names.no_votes:
            try:
                self._vote(votes)
            except DataError as error:  # all else is there without them
                self.names = replace(self.names, no_votes=str(error))

    def close(self) -> None:
        """Free the memory."""
        self._connection.close()

    def fetch(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a query; return its rows."""
        with self._connection.cursor() as cursor:
            rows: list[tuple[Any, ...]] = cursor.execute(sql, list(values)).fetchall()
        return rows

    def table(self, sql: str, values: Sequence[Any] = ()) -> pa.Table:
        """Run a query; return its rows as a table."""
        with self._connection.cursor() as cursor:
            return cursor.sql(sql, params=list(values)).to_arrow_table()

    def prepare(self, columns: Sequence[Column]) -> None:
        """Add what is not there yet.

        Raises:
            UnknownNameError: no such model or column. DataError: the file is damaged.
        """
        for column in columns:
            self.names.kind(column)
        with self._lock:
            for index, source in enumerate(self.sources):
                asked = {
                    c.name for c in columns if c.name not in OF_PICTURES and self.names.model_index(c.model) == index
                }
                missing = sorted(name for name in asked if (name, index) not in self._there)
                if missing:
                    self._add(index, source, missing)

    def _add(self, index: int, source: PredictionSource, missing: list[str]) -> None:
        new = ", ".join(f"part.{quoted(name)} AS {quoted(f'{name}|{index}')}" for name in missing)
        try:
            self._connection.execute(
                f"CREATE OR REPLACE TABLE joined AS SELECT joined.*, {new} FROM joined "  # noqa: S608 - the file's names
                f"JOIN read_parquet(?, file_row_number = true) part ON part.file_row_number = joined.row_{index} "
                "ORDER BY joined.row_0",
                [str(source.file)],
            )
        except duckdb.Error as error:
            raise source.damaged() from error
        self._there |= {(name, index) for name in missing}

    def _load(self, index: int, source: PredictionSource) -> None:
        core = ", ".join(quoted(name) for name in source.core)
        try:
            self._connection.execute(
                f"CREATE TABLE model_{index} AS SELECT file_row_number AS row, {core} "  # noqa: S608 - the file's names
                "FROM read_parquet(?, file_row_number = true)",
                [str(source.file)],
            )
        except duckdb.Error as error:
            raise source.damaged() from error

    def _join(self) -> None:
        has = {name: index for index, source in reversed(list(enumerate(self.sources))) for name in source.kinds}
        chosen = [
            f"model_{has[name]}.{quoted(name)}" if name in has else f"CAST(NULL AS BIGINT) AS {quoted(name)}"
            for name in SHARED
        ]
        joins = ["model_0"]
        for index, source in enumerate(self.sources):
            own = [name for name in source.core if name not in SHARED]
            chosen += [f"model_{index}.row AS row_{index}"]
            chosen += [f"model_{index}.{quoted(name)} AS {quoted(f'{name}|{index}')}" for name in own]
            self._there |= {(name, index) for name in own}
            if index:
                joins.append(f"JOIN model_{index} ON model_{index}.id = model_0.id")
                self._check_labels(index)
        same = "PARTITION BY model_0.duplicate_group"
        near = "NULL" if "near_group" not in has else f"model_{has['near_group']}.near_group"
        # No group: a picture by itself, which a number below 0 makes it.
        alike = f"PARTITION BY coalesce({near}, -1 - model_0.row)"
        group = "model_0.duplicate_group"
        self._connection.execute(
            f"CREATE TABLE joined AS SELECT {', '.join(chosen)}, lower(model_0.id) AS search, "  # noqa: S608 - as above
            f"count(*) OVER ({same}) AS copies, row_number() OVER ({same} ORDER BY model_0.row) AS copy, "
            f"min({group}) OVER ({alike}) < max({group}) OVER ({alike}) AS alike, "
            f"row_number() OVER ({alike} ORDER BY model_0.row) AS look "
            f"FROM {' '.join(joins)} ORDER BY model_0.row"
        )
        for index in range(len(self.sources)):
            self._connection.execute(f"DROP TABLE model_{index}")
        if not self.fetch("SELECT count(*) FROM joined")[0][0]:
            raise DataError(
                f"{', '.join(self.names.models)} have no picture in common; analyse them on the same split of the same "
                "data."
            )

    def _vote(self, votes: VoteFile) -> None:
        """Add what people saw."""
        place = {name: index for index, name in enumerate(self.names.classes)}
        count = len(self.sources)
        answers = ", ".join(quoted(f"predicted|{index}") for index in range(count))
        rows = self.table(f"SELECT row_0, id, label, {answers} FROM joined ORDER BY row_0")  # noqa: S608 - numbers
        counts, voted = picture_columns(rows["id"].to_pylist(), votes)
        named = [np.array([place[name] for name in column.to_pylist()], np.int64) for column in rows.columns[2:]]
        for index, answered in enumerate(named[1:]):
            for name, column in zip(
                OF_MODEL, model_columns(counts, named[0], answered, self.names.classes), strict=True
            ):
                voted = voted.append_column(f"{name}|{index}", column)
                self._there.add((name, index))
        voted = voted.append_column("row_0", rows["row_0"])
        self._connection.register("voted", voted)
        self._connection.execute(
            "CREATE OR REPLACE TABLE joined AS SELECT joined.*, voted.* EXCLUDE (row_0) FROM joined "
            "JOIN voted ON voted.row_0 = joined.row_0 ORDER BY joined.row_0"
        )
        self._connection.unregister("voted")
        kinds = {model: {**own, **OF_PICTURE, **OF_MODEL} for model, own in self.names.columns.items()}
        self.names = replace(self.names, columns=kinds)

    def _no_votes(self, votes: VoteFile | None) -> str:
        """Say why what people saw is not known; empty where it is."""
        dataset = str(self.sources[0].metadata.get("dataset", ""))
        if not has_votes(dataset):
            return f"Nobody voted on the pictures of '{dataset}'; FER+'s votes are for FER2013 alone."
        return f"What people saw is not known here: {WHERE}" if votes is None else ""

    def _no_near(self) -> str:
        """Say why near copies are not known; empty where they are."""
        drawn = "Near copies are not looked for among these pictures: each was drawn by itself."
        first = self.sources[0]
        if first.metadata.get("dataset") == "synthetic":  # so an older analysis need not be made again for it
            return drawn
        if not any("near_group" in source.kinds for source in self.sources):
            return (
                f"The analysis of '{first.model}' is older than the search for near copies; make it again with: "
                f"{first.rebuild}"
            )
        if not self.fetch("SELECT count(near_group) FROM joined")[0][0]:
            return drawn
        return ""

    def _check_labels(self, index: int) -> None:
        differ = self.fetch(
            f"SELECT count(*) FROM model_0 a JOIN model_{index} b ON a.id = b.id WHERE a.label != b.label"  # noqa: S608
        )[0][0]
        if differ:
            raise DataError(
                f"'{self.names.models[0]}' and '{self.names.models[index]}' were analysed on different data: "
                f"{differ:,} pictures have different labels; make both again, for example with: "
                f"{self.sources[index].rebuild}"
            )
