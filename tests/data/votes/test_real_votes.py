"""What is known about FER+'s votes on the real pictures, where both are there."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from engine.data import FaceDataset, load_dataset
from engine.data.votes.ferplus import by_votes
from engine.data.votes.file import VOTE_COLUMNS, find_votes, read_votes
from engine.data.votes.join import with_votes
from engine.data.votes.rules import VoteChoice, label_by, most_votes, tied

pytestmark = pytest.mark.fer2013


@pytest.fixture(scope="module")
def file(fer2013: Path) -> Path:
    found = find_votes(None, fer2013)
    if found is None:
        pytest.skip("no fer2013new.csv beside the pictures, nor in FERLENS_VOTES")
    return found


@pytest.fixture(scope="module")
def private(fer2013: Path, file: Path) -> FaceDataset:
    return with_votes(load_dataset("fer2013", "private", data=fer2013), file)


def test_the_file(file: Path) -> None:
    votes = read_votes(file)
    assert np.bincount(votes.usage).tolist() == [28_709, 3_589, 3_589]
    assert Counter(votes.counts.sum(axis=1).tolist()) == {10: 35_886, 9: 1}


def test_the_label_is_what_most_people_saw_in_62_7_percent(private: FaceDataset) -> None:
    assert private.votes is not None
    most = most_votes(private.votes)
    label = np.array([VOTE_COLUMNS.index(private.classes[one]) for one in private.labels])
    assert int((most >= 0).sum()) == 3_572
    assert int((most == label).sum()) == 2_239  # 62.7 %
    counts = Counter(VOTE_COLUMNS[one] for one in most if one >= 0)
    assert counts == {
        "neutral": 1_277, "happy": 929, "sad": 448, "surprise": 446, "angry": 326, "fear": 94, "contempt": 29,
        "disgust": 23,
    }  # fmt: skip
    assert int(tied(private.votes).sum()) == 159


def test_labels_by_the_papers_rules(private: FaceDataset) -> None:
    eight = by_votes(private, VoteChoice())
    assert len(eight) == 3_152
    assert eight.class_counts()["contempt"] == 16
    reasons = Counter(one.reason.partition(":")[0] for one in eight.skipped)
    assert reasons["no votes"] == 16
    assert reasons["tie"] + reasons["no majority"] == 410
    assert len(by_votes(private, VoteChoice(classes=7))) == 3_136
    assert len(by_votes(private, VoteChoice(outliers="kept"))) == 2_729


def test_by_rows_alone_the_papers_rules_keep_3153(file: Path) -> None:
    """Without the folder: the rows of the file itself, as FER+'s own reader counts them."""
    votes = read_votes(file)
    of_private = votes.counts[votes.usage == 2]
    made = label_by(VoteChoice(), of_private)
    assert int((made.labels >= 0).sum()) == 3_153
