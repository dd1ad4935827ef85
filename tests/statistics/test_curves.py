from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from engine.errors import DataError
from engine.statistics.curves import Curve, curves, thinned

CLASSES = ("angry", "fear", "happy")


def made(n: int = 60, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    logits = rng.normal(size=(n, 3)).round(1)  # rounded: equal scores must not matter
    logits[np.arange(n), labels] += 1.0
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return labels.astype(np.int64), p


def pairs(labels: np.ndarray, score: np.ndarray) -> float:
    """AUC by its meaning: how often a positive scores above a negative, ties half."""
    positive, negative = score[labels], score[~labels]
    return float((positive[:, None] > negative).mean() + (positive[:, None] == negative).mean() / 2)


def test_auc_is_the_share_of_rightly_ordered_pairs() -> None:
    labels, p = made()
    found = curves("roc", labels, p, CLASSES)
    expected = [pairs(labels == k, p[:, k]) for k in range(3)]
    assert [curve.area for curve in found.classes] == pytest.approx(expected)
    assert found.macro.area == pytest.approx(np.mean(expected))
    assert found.micro.area == pytest.approx(pairs((labels[:, None] == np.arange(3)).ravel(), p.ravel()))
    assert found.macro.area == pytest.approx(roc_auc_score(labels, p, multi_class="ovr", average="macro"))
    assert abs(found.macro.area - found.micro.area) > 1e-4  # they are two things


def test_average_precision_by_hand() -> None:
    # Ranked for class 0: right, wrong, right, wrong: precisions 1 and 2/3 at the two hits.
    labels = np.array([0, 1, 0, 1], np.int64)
    p = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.1, 0.9]])
    found = curves("pr", labels, p, CLASSES[:2])
    assert found.classes[0].area == pytest.approx((1 + 2 / 3) / 2)
    assert found.classes[0].base == 0.5
    # Class 1: .9 right, .3 wrong, .2 right, .1 wrong.
    assert found.classes[1].area == pytest.approx((1 + 2 / 3) / 2)


def test_average_precisions_are_scikit_learns() -> None:
    labels, p = made()
    found = curves("pr", labels, p, CLASSES)
    each = np.eye(3)[labels]
    assert [curve.area for curve in found.classes] == pytest.approx(average_precision_score(each, p, average=None))
    assert found.macro.area == pytest.approx(average_precision_score(each, p, average="macro"))
    assert found.micro.area == pytest.approx(average_precision_score(each, p, average="micro"))


def test_the_area_drawn_is_the_area_said() -> None:
    # A truly macro curve: what is drawn has the mean of the areas under it, up to rounding.
    labels, p = made()
    roc, pr = curves("roc", labels, p, CLASSES).macro, curves("pr", labels, p, CLASSES).macro
    assert np.trapezoid(roc.y, roc.x) == pytest.approx(roc.area, abs=1e-12)
    assert (np.diff(pr.x) * pr.y[1:]).sum() == pytest.approx(pr.area, abs=1e-12)
    assert (np.diff(roc.y) >= -1e-12).all()


def test_a_class_without_pictures_has_no_curve_and_is_named() -> None:
    labels, p = made()
    labels[labels == 1] = 2
    found = curves("roc", labels, p, CLASSES)
    assert found.missing == ("fear",)
    assert [curve.name for curve in found.classes] == ["angry", "happy"]
    assert found.macro.area == pytest.approx(np.mean([curve.area for curve in found.classes]))
    with pytest.raises(DataError, match="two classes or more"):
        curves("roc", np.zeros(4, np.int64), p[:4], CLASSES)


def test_perfect_and_thinned() -> None:
    labels = np.repeat(np.arange(3), 5).astype(np.int64)
    found = curves("pr", labels, np.eye(3)[labels], CLASSES)
    assert found.macro.area == found.micro.area == 1.0
    x = np.linspace(0, 1, 5000)
    few_x, few_y = thinned(Curve("a", x, x**2, 0.3, 0.5))
    assert len(few_x) <= 400
    assert (few_x[0], few_x[-1], few_y[-1]) == (0, 1, 1)
    assert np.diff(few_x).max() < 0.01
