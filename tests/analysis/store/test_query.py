from __future__ import annotations

import math

import pytest

from engine.analysis.store.query import Column, Filter, Names, Range, conditions, quoted
from engine.errors import UnknownNameError, UsageError

KINDS = {"id": "text", "label": "text", "predicted": "text", "correct": "flag", "loss": "number", "suspicion": "number"}
NAMES = Names(("one", "two"), ("happy", "sad"), {"one": KINDS, "two": {**KINDS, "gate.entropy": "number"}})


def test_columns_are_those_of_the_whitelist() -> None:
    assert NAMES.sql(Column("loss")) == '"loss|0"'
    assert NAMES.sql(Column("gate.entropy", "two")) == '"gate.entropy|1"'
    assert NAMES.sql(Column("label", "two")) == '"label"'  # a picture's own, whoever is asked
    for column in (Column("gate.entropy"), Column('loss" FROM x; --'), Column("row_0"), Column("loss", "three")):
        with pytest.raises(UnknownNameError):
            NAMES.sql(column)
    assert quoted('a"b') == '"a""b"'


def test_nothing_asked_is_everything() -> None:
    assert conditions(Filter(), NAMES) == ("TRUE", [])


def test_values_are_bound_and_never_written() -> None:
    evil = "'; DROP TABLE joined; --"
    sql, values = conditions(
        Filter(labels=("sad",), text=evil, ranges=(Range(Column("loss", "two"), 0.5, 2.0),), model="two", correct=True),
        NAMES,
    )
    assert evil not in sql
    assert "sad" not in sql
    assert values == [["sad"], evil, True, 0.5, 2.0]
    assert sql.count("?") == len(values)
    assert '"correct|1"' in sql


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (Filter(labels=("angry",)), "Unknown class 'angry'; valid: happy, sad"),
        (Filter(predicted=("glad",)), "Unknown class 'glad'"),
        (Filter(model="three"), "Unknown model in this store 'three'; valid: one, two"),
        (Filter(copies="some"), "valid: only, first"),  # type: ignore[arg-type]
        (Filter(near="some"), "Unknown choice of near copies 'some'; valid: only, first"),  # type: ignore[arg-type]
        (Filter(ranges=(Range(Column("label"), 0.0),)), "number column, got 'label'"),
    ],
)
def test_what_makes_no_sense_is_said(asked: Filter, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        conditions(asked, NAMES)


def test_agreement_needs_two() -> None:
    with pytest.raises(UsageError, match="two or more models"):
        conditions(Filter(agree=True), Names(("one",), ("happy",), {"one": KINDS}))


def test_a_bound_that_is_no_number_is_refused() -> None:
    with pytest.raises(UsageError, match="NaN"):
        Range(Column("loss"), math.nan)


def test_pictures_may_be_named_and_none_is_not_all() -> None:
    sql, values = conditions(Filter(ids=("a", "b'; --")), NAMES)
    assert values == [["a", "b'; --"]]
    assert "--" not in sql
    assert conditions(Filter(ids=()), NAMES)[1] == [[]]
