from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from engine.statistics.classification import class_figures, wilson_interval

CLASSES = ("angry", "disgust", "happy")
CONFUSION = np.array([[6, 0, 2], [3, 0, 1], [1, 0, 7]], np.int64)


def answers() -> tuple[np.ndarray, np.ndarray]:
    pairs = [(row, column) for row in range(3) for column in range(3) for _ in range(CONFUSION[row, column])]
    labels, predicted = zip(*pairs, strict=True)
    return np.array(labels), np.array(predicted)


def test_figures_by_hand() -> None:
    found = class_figures(CONFUSION, CLASSES)
    angry, disgust, happy = found.per_class
    assert (found.n, found.accuracy.mean) == (20, 13 / 20)
    assert (found.accuracy.low, found.accuracy.high) == wilson_interval(13, 20)
    assert (angry.support, angry.answers) == (8, 10)
    assert (angry.precision.mean, angry.precision.n, angry.recall.mean) == (0.6, 10, 0.75)
    assert angry.f1.mean == pytest.approx(2 * 6 / 18)
    assert (happy.recall.low, happy.recall.high) == wilson_interval(7, 8)
    # Never answered: no precision to speak of, recall 0 with its interval, F1 0.
    assert (disgust.precision.mean, disgust.precision.n) == (None, 0)
    assert (disgust.recall.mean, disgust.f1.mean) == (0.0, 0.0)
    assert disgust.recall.high == wilson_interval(0, 4)[1]
    assert found.macro_f1.mean == pytest.approx(f1_score(*answers(), average="macro", zero_division=0))


def test_the_interval_of_f1_is_that_of_drawing_pictures() -> None:
    found = class_figures(CONFUSION, CLASSES).per_class[0].f1
    labels, predicted = answers()
    rng = np.random.default_rng(1)
    drawn = []
    for _ in range(1500):
        chosen = rng.integers(0, 20, 20)
        hit = ((labels == 0) & (predicted == 0))[chosen].sum()
        drawn.append(2 * hit / max((labels == 0)[chosen].sum() + (predicted == 0)[chosen].sum(), 1))
    assert (found.low, found.high) == pytest.approx(tuple(np.percentile(drawn, [2.5, 97.5])), abs=0.05)
    assert class_figures(CONFUSION, CLASSES).as_dict() == class_figures(CONFUSION, CLASSES).as_dict()


def test_an_absent_class_counts_nowhere() -> None:
    confusion = np.array([[5, 0, 1], [0, 0, 0], [2, 0, 4]], np.int64)
    found = class_figures(confusion, CLASSES)
    assert found.per_class[1].f1.mean is None
    assert found.macro_f1.mean == pytest.approx((10 / 13 + 8 / 11) / 2)
    with pytest.raises(ValueError, match="one picture or more"):
        class_figures(np.zeros((3, 3), np.int64), CLASSES)
