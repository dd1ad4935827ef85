from __future__ import annotations

import numpy as np
import pytest

from engine.data.votes.rules import (
    VoteChoice,
    label_by,
    most_votes,
    shares,
    tied,
    votes_in_words,
    without_outliers,
)
from engine.errors import UnknownNameError
from engine.labels import EMOTIONS, VOCABULARY
from tests.made_votes import votes


def of(**counts: int) -> np.ndarray:
    return np.array([votes(**counts)])


def test_outliers_are_what_one_voter_in_ten_said() -> None:
    rows = np.array([votes(happy=6, sad=2, fear=1, unknown=1), votes(happy=15, sad=3, fear=2), votes(happy=8, sad=1)])
    assert without_outliers(rows).tolist() == [votes(happy=6, sad=2), votes(happy=15, sad=3), votes(happy=8)]


@pytest.mark.parametrize(
    ("counts", "kept", "label"),
    [
        ({"happy": 6, "sad": 4}, "removed", "happy"),
        ({"happy": 5, "sad": 4, "fear": 1}, "removed", "happy"),  # 5 of the 9 that are left
        ({"happy": 5, "sad": 4, "fear": 1}, "kept", "no majority"),  # 5 of 10 is not more than half
        ({"happy": 4, "sad": 3, "fear": 3}, "removed", "no majority"),
        ({"happy": 5, "sad": 5}, "removed", "tie"),
        ({"unknown": 7, "sad": 3}, "removed", "unknown"),
        ({"no_face": 10}, "removed", "no face"),
        ({"happy": 4, "unknown": 4, "sad": 2}, "removed", "tie"),
        ({}, "removed", "no votes"),
        ({"contempt": 8, "neutral": 2}, "removed", "contempt"),
    ],
)
@pytest.mark.parametrize("classes", [7, 8])
def test_the_majority(counts: dict[str, int], kept: str, label: str, classes: int) -> None:
    made = label_by(VoteChoice(outliers=kept, classes=classes), of(**counts))
    names = VOCABULARY[:classes]
    if label in names:
        assert made.labels.tolist() == [names.index(label)]
        assert made.targets.tolist() == [[float(name == label) for name in names]]
        assert made.reasons == ("",)
    else:
        assert made.labels.tolist() == [-1]
        assert not made.targets.any()
        assert made.reasons == (label,)


def test_every_single_vote_removed_leaves_no_majority() -> None:
    row = of(neutral=1, happy=1, surprise=1, sad=1, angry=1, disgust=1, fear=1, contempt=1, unknown=1, no_face=1)
    assert label_by(VoteChoice(), row).reasons[0] in {"tie", "no majority"}


def test_shares_of_the_votes() -> None:
    choice = VoteChoice(target="probability")
    made = label_by(choice, np.array([votes(happy=5, contempt=3, fear=1, unknown=1), votes(happy=2, unknown=8)]))
    expected = np.zeros(8)
    expected[VOCABULARY.index("happy")], expected[VOCABULARY.index("contempt")] = 5 / 8, 3 / 8
    assert made.targets[0] == pytest.approx(expected)
    assert made.targets.dtype == np.float32
    assert VOCABULARY[made.labels[0]] == "happy"
    assert made.reasons == ("", "unknown")
    seven = label_by(VoteChoice(target="probability", classes=7), of(happy=5, contempt=3, fear=2))
    assert dict(zip(EMOTIONS, seven.targets[0].tolist(), strict=True))["happy"] == pytest.approx(5 / 7)
    half = label_by(choice, of(happy=5, unknown=5))
    assert half.reasons == ("no majority",)  # emotions must hold more than half


def test_several_right_ones() -> None:
    choice = VoteChoice(target="multi")
    made = label_by(
        choice, np.array([votes(happy=4, surprise=3, fear=2, unknown=1), votes(happy=3, sad=2, fear=2, angry=3)])
    )
    names = {name: share for name, share in zip(VOCABULARY, made.targets[0].tolist(), strict=True) if share}
    assert names == {"happy": 0.5, "surprise": 0.5}  # 4 and 3 of the 9 that are left; 2 of 9 is less than 30 %
    assert made.labels.tolist()[0] == VOCABULARY.index("happy")
    two = {name for name, share in zip(VOCABULARY, made.targets[1].tolist(), strict=True) if share}
    assert two == {"happy", "angry"}  # 3 each of 10, together more than half
    assert label_by(choice, of(happy=3, sad=2, fear=2, unknown=3)).reasons == ("no majority",)


def test_a_tie_of_most_votes_goes_by_the_files_order() -> None:
    rows = np.array([votes(angry=4, neutral=4, sad=2), votes(fear=6, happy=4), votes(unknown=10), votes()])
    assert most_votes(rows).tolist() == [0, 6, -1, -1]
    assert tied(rows).tolist() == [True, False, False, False]
    assert label_by(VoteChoice(target="probability"), rows[:1]).labels.tolist() == [VOCABULARY.index("neutral")]


def test_shares_among_classes() -> None:
    found = shares(np.array([votes(happy=3, contempt=5, sad=1, unknown=1), votes(contempt=10)]), EMOTIONS)
    assert found[0, EMOTIONS.index("happy")] == pytest.approx(0.75)
    assert found.sum(axis=1).tolist() == [1.0, 0.0]


def test_in_words() -> None:
    assert votes_in_words(np.array(votes(sad=4, happy=4, unknown=2))) == "happy 4, sad 4, unknown 2"
    said = VoteChoice(target="multi", classes=7, outliers="kept").in_words()
    assert said == "every emotion with 30 % of the votes or more; single votes are kept; 7 classes"
    rows = np.array([votes(no_face=10), votes(no_face=10), votes(happy=5, sad=5), votes(happy=10)])
    assert label_by(VoteChoice(), rows).left_out() == {"no face": 2, "tie": 1}


@pytest.mark.parametrize("wrong", [{"target": "mean"}, {"classes": 6}, {"outliers": "maybe"}])
def test_unknown_rules(wrong: dict[str, object]) -> None:
    with pytest.raises(UnknownNameError, match="valid"):
        VoteChoice(**wrong)  # type: ignore[arg-type]
