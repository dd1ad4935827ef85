"""What can be asked of a store: typed filters, ranges and sort orders, and their SQL.

Column names go through a whitelist before they are written into SQL; every value is bound as a parameter.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from engine.analysis.store.voted import OF_PICTURE
from engine.data.votes.agreement import AGREEMENTS, SIDES
from engine.errors import UnknownNameError, UsageError
from engine.labels import VOCABULARY

SHARED: Final[tuple[str, ...]] = ("id", "source", "label", "duplicate_group", "in_train", "near_group")
"""The columns that belong to the picture; all others belong to a model."""

OF_PICTURES: Final[tuple[str, ...]] = (*SHARED, *OF_PICTURE)
"""The same with what people saw, which a store has where it was opened with votes."""

COPIES: Final[dict[str, str]] = {"only": "copies > 1", "first": "copy = 1"}
"""The choices of :attr:`Filter.copies` and their SQL."""

NEAR: Final[dict[str, str]] = {"only": "alike", "first": "look = 1"}
"""The choices of :attr:`Filter.near` and their SQL."""


@dataclass(frozen=True)
class Column:
    """A column of ``predictions.parquet``; ``model`` says whose, None is the store's first model."""

    name: str
    model: str | None = None


@dataclass(frozen=True)
class Range:
    """Keeps rows with ``low`` <= value <= ``high``; None is no bound. A missing value is in no range."""

    column: Column
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        for bound in (self.low, self.high):
            if bound is not None and math.isnan(bound):
                raise UsageError(f"Expected a range of '{self.column.name}' with numbers as bounds, got NaN.")


@dataclass(frozen=True)
class Filter:
    """Which pictures; everything given must hold.

    Attributes:
        labels: true classes; empty for all.
        predicted: answers of ``model``; empty for all.
        correct: whether ``model`` answers rightly.
        model: whose answers and suspicion are meant; None for the store's first model.
        agree: whether all models give the same answer (a store of two or more).
        copies: ``only`` keeps pictures that have an exact copy here, ``first`` one picture of each group of copies.
        near: ``only`` keeps pictures that have a near copy here which is no exact one, ``first`` one picture of each
            group that looks alike, exact copies among them.
        in_train: whether an exact copy is in the training set; pictures of which that is not known are in neither.
        suspicious: whether ``model`` makes the label suspect (:mod:`engine.analysis.sweep.finish`).
        majority: what most people saw; contempt may be among it. Empty for all.
        agreement: keys of :data:`engine.data.votes.agreement.AGREEMENTS`; empty for all.
        side: with whom people side where ``model`` and label do not agree, keys of
            :data:`engine.data.votes.agreement.SIDES`; empty for all.
        as_people: whether ``model`` answers what most people saw; pictures in which nobody saw an emotion are in
            neither.
        text: what the id contains, in any case.
        ids: the pictures themselves, whether the store has them or not; None for all.
        ranges: bounds of number columns.
    """

    labels: tuple[str, ...] = ()
    predicted: tuple[str, ...] = ()
    correct: bool | None = None
    model: str | None = None
    agree: bool | None = None
    copies: Literal["only", "first"] | None = None
    near: Literal["only", "first"] | None = None
    in_train: bool | None = None
    suspicious: bool | None = None
    majority: tuple[str, ...] = ()
    agreement: tuple[str, ...] = ()
    side: tuple[str, ...] = ()
    as_people: bool | None = None
    text: str = ""
    ids: tuple[str, ...] | None = None
    ranges: tuple[Range, ...] = ()


@dataclass(frozen=True)
class Sort:
    """By which column; missing values come last, equal ones in the data set's order."""

    column: Column
    descending: bool = False


@dataclass(frozen=True)
class Names:
    """The whitelist of a store: what may be written into SQL.

    Attributes:
        models: the models, in order. classes: the class names.
        columns: model → column name → ``number``, ``text`` or ``flag``.
        no_near: why near copies are not known here, in a sentence; empty where they are.
        no_votes: why what people saw is not known here, in a sentence; empty where it is.
    """

    models: tuple[str, ...]
    classes: tuple[str, ...]
    columns: Mapping[str, Mapping[str, str]]
    no_near: str = ""
    no_votes: str = ""

    def model_index(self, model: str | None) -> int:
        """Return a model's position; None is the first."""
        if model is None:
            return 0
        if model not in self.models:
            raise UnknownNameError("model in this store", model, self.models)
        return self.models.index(model)

    def kind(self, column: Column) -> str:
        """Return ``number``, ``text`` or ``flag``.

        Raises:
            UnknownNameError: no such model or column.
        """
        known = self.columns[self.models[self.model_index(column.model)]]
        if column.name not in known:
            raise UnknownNameError("column", column.name, known)
        return known[column.name]

    def sql(self, column: Column) -> str:
        """Return the quoted name in the joined table."""
        self.kind(column)
        name = column.name if column.name in OF_PICTURES else f"{column.name}|{self.model_index(column.model)}"
        return quoted(name)

    def check_classes(self, given: tuple[str, ...]) -> list[str]:
        """Return the classes as a list; refuse unknown ones."""
        for name in given:
            if name not in self.classes:
                raise UnknownNameError("class", name, self.classes)
        return list(given)


def quoted(name: str) -> str:
    """Return an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


Clause = tuple[str, tuple[Any, ...]]
"""SQL that is true or false of a row, and the values of its parameters."""


def _answers(asked: Filter, names: Names) -> Iterator[Clause]:
    """Yield what is asked about the answers of one model."""

    def of(name: str) -> str:
        return names.sql(Column(name, asked.model))

    names.model_index(asked.model)
    if asked.predicted:
        yield f"list_contains(?, {of('predicted')})", (names.check_classes(asked.predicted),)
    if asked.correct is not None:
        yield f"{of('correct')} = ?", (asked.correct,)
    if asked.suspicious is not None:
        yield f"({of('suspicion')} > 0) = ?", (asked.suspicious,)


def _people(asked: Filter, names: Names) -> Iterator[Clause]:
    """Yield what is asked about people's votes."""
    given = (
        ("majority", asked.majority, VOCABULARY),
        ("agreement", asked.agreement, tuple(AGREEMENTS)),
        ("side", asked.side, tuple(SIDES)),
    )
    if names.no_votes and (asked.as_people is not None or any(values for _, values, _ in given)):
        raise UsageError(names.no_votes)
    for name, values, valid in given:
        for value in values:
            if value not in valid:
                raise UnknownNameError(name, value, valid)
        if values:
            yield f"list_contains(?, {names.sql(Column(name, asked.model))})", (list(values),)
    if asked.as_people is not None:
        yield f"{names.sql(Column('as_people', asked.model))} = ?", (asked.as_people,)


def _agreement(asked: Filter, names: Names) -> Iterator[Clause]:
    """Yield whether the models shall agree."""
    if asked.agree is None:
        return
    if len(names.models) < 2:
        raise UsageError("Expected two or more models to agree or not, got one; open the store with several.")
    first, *others = (names.sql(Column("predicted", model)) for model in names.models)
    yield f"({' AND '.join(f'{first} = {other}' for other in others)}) = ?", (asked.agree,)


def _pictures(asked: Filter, names: Names) -> Iterator[Clause]:
    """Yield what is asked about the picture itself."""
    if asked.labels:
        yield "list_contains(?, label)", (names.check_classes(asked.labels),)
    if asked.copies is not None:
        if asked.copies not in COPIES:
            raise UnknownNameError("choice of copies", asked.copies, COPIES)
        yield COPIES[asked.copies], ()
    if asked.near is not None:
        if asked.near not in NEAR:
            raise UnknownNameError("choice of near copies", asked.near, NEAR)
        if names.no_near:
            raise UsageError(names.no_near)
        yield NEAR[asked.near], ()
    if asked.in_train is not None:
        yield "in_train = ?", (asked.in_train,)
    if asked.text:
        yield "contains(search, lower(?))", (asked.text,)
    if asked.ids is not None:
        yield "list_contains(CAST(? AS VARCHAR[]), id)", (list(asked.ids),)


def _bounds(asked: Filter, names: Names) -> Iterator[Clause]:
    """Yield the ranges; a bound is compared as the 4 byte float that columns hold: 0.9 as a double lies beside it."""
    for bounds in asked.ranges:
        if names.kind(bounds.column) != "number":
            raise UsageError(f"Expected a range of a number column, got '{bounds.column.name}'; choose another column.")
        column = names.sql(bounds.column)
        yield f"{column} IS NOT NULL", ()
        for sign, bound in ((">=", bounds.low), ("<=", bounds.high)):
            if bound is not None:
                yield f"{column} {sign} CAST(? AS FLOAT)", (bound,)


def conditions(asked: Filter, names: Names) -> tuple[str, list[Any]]:
    """Return the SQL after WHERE (``TRUE`` for everything) and its parameters."""
    clauses = [clause for part in (_pictures, _answers, _people, _agreement, _bounds) for clause in part(asked, names)]
    return " AND ".join(sql for sql, _ in clauses) or "TRUE", [value for _, values in clauses for value in values]
