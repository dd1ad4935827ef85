from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.errors import DataError, UsageError
from engine.statistics.comparison import Answers, Difference, compare, verdict_sentence
from engine.statistics.paired import holm, mcnemar_exact

CLASSES = ("angry", "happy", "sad")
LABELS = np.array([0, 0, 0, 1, 1, 2, 2, 2])
IDS = tuple(f"p{index}" for index in range(8))
ONE = Answers("one", CLASSES, IDS, LABELS, np.array([0, 0, 1, 1, 0, 2, 0, 1]))
TWO = Answers("two", CLASSES, IDS, LABELS, np.array([0, 1, 0, 1, 0, 2, 2, 0]))


def test_groups_and_figures_by_hand() -> None:
    found = compare(ONE, TWO)
    assert found.groups == {
        "both right": ("p0", "p3", "p5"),
        "only the first right": ("p1",),
        "only the second right": ("p2", "p6"),
        "both wrong, alike": ("p4",),
        "both wrong, differently": ("p7",),
    }
    assert (found.first, found.second, found.n) == ("one", "two", 8)
    assert (found.accuracy.first, found.accuracy.second) == (0.5, 0.625)
    assert found.accuracy.p == mcnemar_exact(1, 2)
    # Recalls of angry: 2/3 both; happy: 1/2 both; sad: 1/3 and 2/3. McNemar by class: (1, 1), (0, 0), (0, 1).
    assert [row.recall.difference for row in found.per_class] == pytest.approx([0.0, 0.0, 1 / 3])
    assert [row.recall.p for row in found.per_class] == list(holm([1.0, 1.0, 1.0]))
    assert [row.support for row in found.per_class] == [3, 2, 3]
    document = found.as_dict()
    assert document["groups"]["both right"] == 3
    assert set(document["tests"]) == {"accuracy", "macro_f1", "recall", "f1"}
    assert document["verdict"].startswith("No difference detectable: 95 % interval −")


def test_class_tests_are_exact_and_corrected() -> None:
    labels = np.repeat([0, 1, 2], 20)
    ids = tuple(map(str, range(60)))
    wrong = labels.copy()
    wrong[:8] = 1  # eight of class 0 that the second alone gets right
    found = compare(Answers("a", CLASSES, ids, labels, wrong), Answers("b", CLASSES, ids, labels, labels.copy()))
    p = 2 / 2**8
    assert found.per_class[0].recall.p == pytest.approx(3 * p)
    assert found.per_class[1].recall.p == 1.0
    assert found.per_class[0].f1.p == pytest.approx(3 * found.macro_f1.p)  # no resample lost the gain: the least p
    assert found.accuracy.p == pytest.approx(p)
    assert found.verdict.startswith("b is better than a by 13.3 points: 95 % interval +")
    assert found.verdict.endswith(" points (n = 60, one training seed each).")
    turned = compare(Answers("b", CLASSES, ids, labels, labels.copy()), Answers("a", CLASSES, ids, labels, wrong))
    assert turned.verdict.startswith("b is better than a by 13.3 points: 95 % interval −")
    assert turned.accuracy.difference == -found.accuracy.difference


def test_pictures_are_paired_by_id_and_classes_by_name() -> None:
    order = np.array([5, 2, 7, 0, 1, 6, 3, 4])
    turned = np.array([2, 0, 1])  # "sad" first
    moved = Answers(
        "two",
        ("happy", "sad", "angry"),
        tuple(IDS[i] for i in order),
        turned[LABELS[order]],
        turned[TWO.predicted[order]],
    )
    assert compare(ONE, moved).as_dict() == compare(ONE, TWO).as_dict()
    assert compare(ONE, moved).groups == compare(ONE, TWO).groups


@pytest.mark.parametrize(
    ("low", "high", "p", "says"),
    [
        (-0.006, 0.011, 0.6, "No difference detectable: 95 % interval −0.6 to +1.1 points (n = 3,589, one seed each)."),
        (0.003, 0.021, 0.01, "cbam is better than baseline by 1.2 points: 95 % interval +0.3 to +2.1 points (n = "),
        (
            0.0004,
            0.021,
            0.06,
            "Undecided: cbam is ahead of baseline by 1.2 points, 95 % interval 0.0 to +2.1 points, b",
        ),
    ],
)
def test_the_sentence(low: float, high: float, p: float, says: str) -> None:
    found = verdict_sentence("baseline", "cbam", Difference(0.66, 0.672, low, high, p), 3589, "one seed each")
    assert found.startswith(says)


def test_what_cannot_be_compared_is_said() -> None:
    with pytest.raises(UsageError, match="same classes, but 'one' knows angry, happy, sad and 'two' knows angry, fear"):
        compare(ONE, replace(TWO, classes=("angry", "fear", "sad")))
    with pytest.raises(DataError, match="but 1 are only with 'one' and 1 only with 'two'"):
        compare(ONE, replace(TWO, ids=("x", *IDS[1:])))
    less = Answers("one", CLASSES, IDS[:7], LABELS[:7], ONE.predicted[:7])
    with pytest.raises(DataError, match="0 are only with 'one' and 1 only with 'two'"):
        compare(less, TWO)
    with pytest.raises(DataError, match="different ones"):
        compare(ONE, replace(TWO, labels=(LABELS + 1) % 3))
    none = Answers("one", CLASSES, (), LABELS[:0], LABELS[:0])
    with pytest.raises(DataError, match="there is none"):
        compare(none, none)
    with pytest.raises(ValueError, match="distinct ids"):
        replace(ONE, ids=("p0", *IDS[:7]))
    with pytest.raises(ValueError, match="answers from 0 to 2"):
        replace(ONE, predicted=LABELS + 1)
