from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.analysis.evaluation import stored_answers
from engine.analysis.people import (
    Part,
    labels_by_majority,
    people_on_mistakes,
    people_on_suspicions,
    people_seen,
    stored_vote_report,
    votes_in,
)
from engine.analysis.store.query import Filter
from engine.analysis.store.store import AnalysisStore, open_store
from engine.data.votes.file import read_votes
from engine.data.votes.rules import most_votes
from engine.errors import UsageError
from engine.labels import EMOTIONS, VOCABULARY
from tests.made_votes import pattern_votes, votes, write_votes

PRIVATE = {
    ("PrivateTest", "angry", 0): votes(angry=10),
    ("PrivateTest", "angry", 1): votes(contempt=6, angry=4),
    ("PrivateTest", "sad", 1): votes(unknown=10),
    ("PrivateTest", "fear", 0): votes(surprise=5, fear=5),
    ("PrivateTest", "happy", 1): votes(surprise=10),
}


@pytest.fixture
def store(analysed_store: Path, tmp_path: Path, pattern_table: None) -> Iterator[AnalysisStore]:
    file = read_votes(write_votes(tmp_path / "v.csv", pattern_votes(PRIVATE)))
    opened = open_store(["cbam", "baseline"], "fer2013", "private", folder=analysed_store, votes=file)
    yield opened
    opened.close()


def test_votes_are_in_the_stores_order(store: AnalysisStore) -> None:
    found = votes_in(store)
    answers = stored_answers(store)
    assert found[answers.ids.index("test/happy/PrivateTest_1.png")].tolist() == votes(surprise=10)
    assert found[answers.ids.index("test/sad/PrivateTest_0.png")].tolist() == votes(sad=8, neutral=2)
    assert len(votes_in(store, Filter(labels=("happy",)))) == 2


@pytest.mark.parametrize("model", ["cbam", "baseline"])
def test_mistakes(store: AnalysisStore, model: str) -> None:
    found = people_on_mistakes(store, model=model)
    matrix = store.confusion(model=model)
    assert found.mistakes == matrix.sum() - np.trace(matrix)
    assert sum(part.count for part in found.sides.values()) == found.judged
    assert sum(part.count for part in found.agreement.values()) == found.judged
    assert {part.n for part in (*found.sides.values(), found.mistakes_too)} == {found.judged}
    # The pictures with a majority outside the classes, or none, are no judged mistakes.
    outside = Filter(correct=False, model=model, majority=("contempt",))
    assert found.judged == found.mistakes - store.count(outside) - store.count(
        Filter(correct=False, model=model, text="sad/PrivateTest_1")
    )
    wrong = Filter(agreement=("unanimous",), as_people=False, model=model)
    assert found.unanimous_wrong == store.count(wrong) > 0
    only = people_on_mistakes(store, Filter(labels=("happy",)), model=model)
    assert only.mistakes <= 2
    assert found.as_dict()["side_with"]["label"]["n"] == found.judged


def test_a_report_from_stored_answers(store: AnalysisStore) -> None:
    report = stored_vote_report(store)
    assert (report["n"], report["without_emotion"]) == (13, 1)
    mistakes = people_on_mistakes(store)
    assert report["mistakes"]["n"] == mistakes.judged
    assert report["mistakes"]["side_with"]["model"]["count"] == mistakes.sides["model"].count
    seen = people_seen(store, stored_answers(store), temperature=2.0)
    assert {key: seen[key] for key in report if key != "distributions"} == {
        key: value for key, value in report.items() if key != "distributions"
    }
    assert seen["distributions"]["tempered"]["temperature"] == 2.0
    assert seen["unanimous_wrong"] == mistakes.unanimous_wrong
    assert seen["uncertainty"]["n"] == 13


def test_labels_against_majorities(store: AnalysisStore) -> None:
    answers = stored_answers(store)
    matrix = labels_by_majority(answers.labels, votes_in(store), answers.classes)
    expected = np.zeros((7, 8), np.int64)
    for label in range(7):
        expected[label, label] = 2
    angry, sad, fear, happy = (EMOTIONS.index(name) for name in ("angry", "sad", "fear", "happy"))
    expected[angry, angry], expected[angry, VOCABULARY.index("contempt")] = 1, 1
    expected[sad, sad] = 1
    # Of the tie of surprise and fear, surprise stands first in FER+'s order.
    expected[fear, fear], expected[fear, EMOTIONS.index("surprise")] = 1, 1
    expected[happy, happy], expected[happy, EMOTIONS.index("surprise")] = 1, 1
    assert matrix.tolist() == expected.tolist()


def test_suspicions_by_hand() -> None:
    rows = np.array(
        [
            votes(happy=7, sad=3),  # suspect, and people see what is suggested
            votes(sad=7, happy=3),  # suspect, and people see the label
            votes(neutral=5, sad=3, happy=2),  # suspect; most see neither
            votes(sad=10),  # not suspect
            votes(neutral=10),  # not suspect, though it should be
            votes(unknown=10),  # suspect, but nobody says anything
        ]
    )
    happy, sad = EMOTIONS.index("happy"), EMOTIONS.index("sad")
    suggested = np.array([happy, happy, happy, -1, -1, happy])
    found = people_on_suspicions(rows, np.full(6, sad), suggested, EMOTIONS)
    assert found.confirmed == Part(1, 3)
    assert found.not_majority == Part(2, 3)
    assert found.base == Part(3, 5)
    assert found.as_dict()["confirmed"]["share"] == 0.33333
    assert most_votes(rows)[2] == 0


def test_parts() -> None:
    assert Part(1, 4).share == 0.25
    low, high = Part(1, 4).interval
    assert low < 0.25 < high
    assert Part(0, 0).as_dict() == {"count": 0, "n": 0, "share": None, "interval": None}


def test_without_votes(analysed_store: Path) -> None:
    plain = open_store(["cbam"], "fer2013", "private", folder=analysed_store)
    for ask in (people_on_mistakes, votes_in, stored_vote_report):
        with pytest.raises(UsageError, match=r"take fer2013new\.csv"):
            ask(plain)  # type: ignore[operator]
