from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from engine.data.dataset import FaceDataset
from engine.labels import EMOTIONS, VOCABULARY
from engine.measure.votes import vote_report
from tests.made import make_dataset
from tests.made_votes import votes

NEUTRAL, HAPPY, SAD, FEAR = (EMOTIONS.index(name) for name in ("neutral", "happy", "sad", "fear"))

# Votes, label and answer of each picture.
PICTURES = [
    (votes(happy=10), "happy", "happy"),  # unanimous, all agree
    (votes(happy=10), "sad", "happy"),  # a mistake by the label that people do not call one
    (votes(sad=6, happy=4), "sad", "happy"),  # people side with the label
    (votes(neutral=5, sad=3, happy=2), "sad", "happy"),  # with the label, though most saw neutral
    (votes(neutral=6, happy=2, sad=2), "sad", "happy"),  # with neither
    (votes(contempt=6, happy=4), "sad", "happy"),  # most saw what the model cannot say
    (votes(happy=5, sad=5), "happy", "happy"),  # a tie: the file's order has happy first
    (votes(unknown=9, happy=1), "happy", "happy"),
    (votes(no_face=10), "happy", "happy"),  # nobody saw an emotion
    (votes(), "happy", "sad"),  # nobody was asked
]


def made(classes: tuple[str, ...] = EMOTIONS) -> tuple[FaceDataset, np.ndarray]:
    plain = make_dataset(2, seed=3).subset(range(len(PICTURES)))
    labels = np.array([classes.index(label) for _, label, _ in PICTURES], np.int64)
    dataset = replace(plain, classes=classes, labels=labels, votes=np.array([row for row, _, _ in PICTURES]))
    answers = np.array([classes.index(answer) for _, _, answer in PICTURES])
    probabilities = np.full((len(PICTURES), len(classes)), 0.4 / (len(classes) - 1), np.float32)
    probabilities[np.arange(len(PICTURES)), answers] = 0.6
    return dataset, probabilities


def test_who_is_right_by_hand() -> None:
    found = vote_report(*made())
    assert (found["n"], found["without_votes"], found["without_emotion"], found["ties"]) == (8, 1, 1, 1)
    assert found["accuracy_on_majority"]["count"] == 4  # happy four times; not sad, neutral twice, contempt
    assert found["accuracy_on_label"]["count"] == 3
    assert found["label_is_majority"]["count"] == 4  # the first, the third, the tie and the unknown one
    assert found["majorities"]["happy"] == 4
    assert found["majorities"]["contempt"] == 1


def test_mistakes_and_sides() -> None:
    mistakes = vote_report(*made())["mistakes"]
    assert (mistakes["n"], mistakes["left_out"]) == (4, 1)  # the one of contempt
    assert {name: side["count"] for name, side in mistakes["side_with"].items()} == {
        "model": 1, "label": 2, "neither": 1
    }  # fmt: skip
    assert mistakes["side_with"]["model"]["share"] == 0.25
    assert mistakes["majority_says_so_too"]["count"] == 3


def test_by_how_much_people_agree() -> None:
    found = vote_report(*made())["by_agreement"]
    assert {name: row["accuracy_on_majority"]["n"] for name, row in found.items()} == {
        "unanimous": 2, "clear": 3, "contested": 3
    }  # fmt: skip
    assert found["unanimous"]["accuracy_on_majority"]["share"] == 1.0
    assert found["unanimous"]["accuracy_on_label"]["share"] == 0.5
    assert found["unanimous"]["label_is_majority"]["share"] == 0.5


def test_the_papers_majority() -> None:
    found = vote_report(*made())["paper_majority"]
    # Happy twice, sad, neutral (6 of 10), contempt (6 of 10); the third row's neutral has only half.
    assert (found["n"], found["count"]) == (5, 2)


def test_distances() -> None:
    found = vote_report(*made(), temperature=1.0)["distributions"]
    assert found["n"] == 8
    others = 0.4 / 6
    terms = [
        (1.0,), (1.0,), (0.4, 0.6), (0.2, 0.8), (0.2, 0.8), (1.0,), (0.5, 0.5), (1.0,)
    ]  # fmt: skip
    entropies = [-sum(share * math.log(p) for share, p in zip(row, (0.6, others), strict=False)) for row in terms]
    assert found["cross_entropy_nats"]["mean"] == pytest.approx(np.mean(entropies), abs=1e-4)
    assert found["tempered"]["cross_entropy_nats"] == found["cross_entropy_nats"]
    assert found["cross_entropy_nats"]["low"] < found["cross_entropy_nats"]["mean"]
    assert found["entropy_of_votes_nats"] < found["cross_entropy_nats"]["mean"]
    assert 0 < found["jensen_shannon_distance"]["mean"] < 1
    assert vote_report(*made())["distributions"]["tempered"] is None


def test_the_human_ceiling() -> None:
    found = vote_report(*made())["human_ceiling"]
    # By hand, of the eight: 1, 1, .6, .2 x 0 + .8 ..., see tests/statistics/test_voters.py; the last has one voter.
    assert found["voter"]["n"] == found["model"]["n"] == found["label"]["n"] == 7
    voters = [1.0, 1.0, 0.6, 0.5, 0.6, 0.6, 0.0]
    assert found["voter"]["mean"] == pytest.approx(np.mean(voters), abs=1e-5)
    model = [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.5]
    label = [1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.5]
    assert found["model"]["mean"] == pytest.approx(np.mean(model), abs=1e-5)
    assert found["label"]["mean"] == pytest.approx(np.mean(label), abs=1e-5)
    assert found["model_minus_label"]["mean"] == pytest.approx(0.0, abs=1e-5)


def test_where_the_labels_are_the_votes_own() -> None:
    dataset, probabilities = made(VOCABULARY)
    found = vote_report(replace(dataset, name="ferplus"), probabilities)
    assert not {"label_is_majority", "accuracy_on_label", "mistakes"} & found.keys()
    assert "label" not in found["human_ceiling"]
    assert "label_is_majority" not in found["by_agreement"]["clear"]


def test_eight_classes_count_contempt() -> None:
    dataset, probabilities = made(VOCABULARY)
    found = vote_report(dataset, probabilities)
    assert (found["mistakes"]["n"], found["mistakes"]["left_out"]) == (5, 0)
    side = {name: one["count"] for name, one in found["mistakes"]["side_with"].items()}
    assert side == {"model": 2, "label": 2, "neither": 1}


def test_without_votes() -> None:
    dataset, probabilities = made()
    with pytest.raises(ValueError, match="a dataset with votes"):
        vote_report(replace(dataset, votes=None), probabilities)
    assert dataset.votes is not None
    with pytest.raises(ValueError, match="a vote for an emotion"):
        vote_report(replace(dataset, votes=np.zeros_like(dataset.votes)), probabilities)
