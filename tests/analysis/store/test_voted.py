"""What people saw, joined to stored answers; every answer is compared with the votes that were written."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.analysis.store.query import Column, Filter, Range, Sort
from engine.analysis.store.store import AnalysisStore, open_store
from engine.analysis.store.voted import OF_MODEL, OF_PICTURE
from engine.data.votes.file import VOTE_COLUMNS, VoteFile, read_votes
from engine.errors import UnknownNameError, UsageError
from engine.labels import EMOTIONS, VOCABULARY
from tests.made_votes import pattern_votes, votes, write_votes

PRIVATE = {
    ("PrivateTest", "angry", 0): votes(angry=10),
    ("PrivateTest", "angry", 1): votes(contempt=6, angry=4),
    ("PrivateTest", "sad", 0): votes(neutral=6, sad=4),
    ("PrivateTest", "sad", 1): votes(unknown=10),
    ("PrivateTest", "fear", 0): votes(surprise=5, fear=5),
    ("PrivateTest", "happy", 0): votes(happy=5, sad=3, unknown=2),
    ("PrivateTest", "happy", 1): votes(surprise=10),
}


@pytest.fixture
def file(tmp_path: Path, pattern_table: None) -> VoteFile:
    return read_votes(write_votes(tmp_path / "v.csv", pattern_votes(PRIVATE)))


@pytest.fixture
def store(analysed_store: Path, file: VoteFile) -> Iterator[AnalysisStore]:
    opened = open_store(["cbam", "baseline"], "fer2013", "private", folder=analysed_store, votes=file)
    yield opened
    opened.close()


def rows_of(store: AnalysisStore) -> list[dict[str, object]]:
    """Return what must be in each row: by hand from the votes, and the answers from the store."""
    table = store.rows(
        columns=[Column("id"), Column("label"), *(Column("predicted", model) for model in store.models)], limit=None
    ).table.to_pylist()
    rows = []
    for row in table:
        name = str(row["id"])
        counts = dict(
            zip(
                VOTE_COLUMNS,
                PRIVATE.get(
                    ("PrivateTest", row["label"], int(name[-5])),
                    votes(neutral=10) if row["label"] == "neutral" else votes(**{row["label"]: 8, "neutral": 2}),
                ),
                strict=True,
            )
        )
        most = max(VOTE_COLUMNS[:8], key=lambda name: counts[name])  # the first of a tie
        rows.append({**row, "counts": counts, "majority": most if counts[most] else None})
    return rows


def agreement(counts: dict[str, int]) -> str | None:
    most = max(counts[name] for name in VOTE_COLUMNS[:8])
    if not most:
        return None
    return "unanimous" if most == 10 else "clear" if most > 5 else "contested"


def side(counts: dict[str, int], label: str, answer: str) -> str | None:
    if label == answer or not any(counts[name] for name in VOTE_COLUMNS[:8]):
        return None
    return "model" if counts[answer] > counts[label] else "label" if counts[answer] < counts[label] else "neither"


def test_every_picture_has_its_votes(store: AnalysisStore) -> None:
    assert store.no_votes == ""
    expected = rows_of(store)
    columns = [Column(name) for name in OF_PICTURE]
    columns += [Column(name, model) for model in store.models for name in OF_MODEL]
    found = store.rows(columns=columns, limit=None).table.to_pylist()
    assert len(found) == len(expected) == 14
    for row, one in zip(found, expected, strict=True):
        counts, label = one["counts"], str(one["label"])
        assert isinstance(counts, dict)
        assert [row[f"votes_{name.replace(' ', '_')}"] for name in VOTE_COLUMNS] == list(counts.values())
        assert row["majority"] == one["majority"]
        assert row["agreement"] == agreement(counts)
        own = np.array([counts[name] for name in VOCABULARY], float)
        if own.sum():
            share = own[own > 0] / own.sum()
            assert row["voters_entropy"] == pytest.approx(-(share * np.log(share)).sum(), abs=1e-6)
        else:
            assert row["voters_entropy"] is None
        for model in store.models:
            answer = str(one[f"predicted|{model}"])
            assert row[f"side|{model}"] == side(counts, label, answer)
            assert row[f"as_people|{model}"] == (None if one["majority"] is None else answer == one["majority"])


@pytest.mark.parametrize("model", ["cbam", "baseline"])
def test_filters_equal_brute_force(store: AnalysisStore, model: str) -> None:
    rows = rows_of(store)

    def of(one: dict[str, object]) -> tuple[str | None, str | None, bool | None]:
        counts, answer = one["counts"], str(one[f"predicted|{model}"])
        assert isinstance(counts, dict)
        seen = one["majority"]
        return agreement(counts), side(counts, str(one["label"]), answer), None if seen is None else answer == seen

    asked = {
        Filter(agreement=("unanimous",)): lambda one: of(one)[0] == "unanimous",
        Filter(agreement=("clear", "contested")): lambda one: of(one)[0] in {"clear", "contested"},
        Filter(majority=("contempt", "surprise")): lambda one: one["majority"] in {"contempt", "surprise"},
        Filter(side=("model",), model=model): lambda one: of(one)[1] == "model",
        Filter(side=("label", "neither"), model=model): lambda one: of(one)[1] in {"label", "neither"},
        Filter(as_people=True, model=model): lambda one: of(one)[2] is True,
        Filter(as_people=False, model=model, agreement=("unanimous",)): lambda one: (
            of(one)[0] == "unanimous" and of(one)[2] is False
        ),
        Filter(ranges=(Range(Column("votes_happy"), low=5),)): lambda one: one["counts"]["happy"] >= 5,  # type: ignore[index]
        Filter(ranges=(Range(Column("voters_entropy"), high=0.0),)): lambda one: (
            agreement(one["counts"]) == "unanimous"
        ),  # type: ignore[arg-type]
    }
    found = [store.count(one) for one in asked]
    assert found == [sum(map(holds, rows)) for holds in asked.values()]
    assert sum(count > 0 for count in found) >= 7


def test_order_by_how_unsure_people_are(store: AnalysisStore) -> None:
    table = store.rows(
        sort=Sort(Column("voters_entropy"), descending=True), columns=[Column("voters_entropy")], limit=None
    ).table
    values = table["voters_entropy"].to_pylist()
    assert values[-1] is None  # the picture in which nobody saw an emotion
    assert values[:-1] == sorted(values[:-1], reverse=True)
    assert values[0] == pytest.approx(math.log(2))


def test_the_matrix_by_majority(store: AnalysisStore) -> None:
    expected = np.zeros((7, 7), np.int64)
    for one in rows_of(store):
        if one["majority"] in EMOTIONS:
            expected[EMOTIONS.index(str(one["majority"])), EMOTIONS.index(str(one["predicted|cbam"]))] += 1
    found = store.confusion(truth="majority")
    assert found.tolist() == expected.tolist()
    assert found.sum() == 12  # without the one of contempt and the unknown one
    assert store.confusion().sum() == 14
    with pytest.raises(UnknownNameError, match="kind of truth"):
        store.confusion(truth="people")  # type: ignore[arg-type]


def test_one_picture(store: AnalysisStore) -> None:
    row = store.picture("test/happy/PrivateTest_1.png")
    assert (row["majority"], row["agreement"], row["votes_surprise"], row["votes_no_face"]) == (
        "surprise", "unanimous", 10, 0,
    )  # fmt: skip
    assert row["p_happy"] >= 0
    assert {"side", "as_people"} <= row.keys()


def test_without_votes_it_says_where_to_get_them(analysed_store: Path) -> None:
    plain = open_store(["cbam"], "fer2013", "private", folder=analysed_store)
    assert "take fer2013new.csv from" in plain.no_votes
    assert "majority" not in plain.columns()
    assert "majority" not in plain.picture("test/happy/PrivateTest_1.png")
    for asked in (
        Filter(majority=("happy",)),
        Filter(agreement=("clear",)),
        Filter(side=("model",)),
        Filter(as_people=True),
    ):
        with pytest.raises(UsageError, match="What people saw is not known here"):
            plain.count(asked)
    with pytest.raises(UsageError, match="not known here"):
        plain.confusion(truth="majority")


@pytest.mark.parametrize("asked", [Filter(majority=("glad",)), Filter(agreement=("some",)), Filter(side=("nobody",))])
def test_what_makes_no_sense_is_said(store: AnalysisStore, asked: Filter) -> None:
    with pytest.raises(UnknownNameError, match="valid"):
        store.count(asked)
