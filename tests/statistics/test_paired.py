from __future__ import annotations

from itertools import product
from math import comb

import numpy as np
import pytest
from sklearn.metrics import f1_score, recall_score

from engine.statistics.paired import class_counts, holm, mcnemar_exact, paired_differences, scores

RNG = np.random.default_rng(0)


def drawn(n: int, classes: int = 3, right: float = 0.6) -> tuple[np.ndarray, np.ndarray]:
    labels = RNG.integers(0, classes, n)
    answers = np.where(RNG.random(n) < right, labels, RNG.integers(0, classes, n))
    return labels, answers


@pytest.mark.parametrize(("b", "c"), [(0, 0), (0, 1), (5, 0), (1, 9), (7, 7), (12, 30), (30, 12)])
def test_mcnemar_by_brute_force(b: int, c: int) -> None:
    n = b + c
    tail = sum(comb(n, k) for k in range(min(b, c) + 1)) / 2**n
    assert mcnemar_exact(b, c) == pytest.approx(min(1.0, 2 * tail))


def test_mcnemar_by_hand() -> None:
    assert mcnemar_exact(0, 5) == pytest.approx(2 / 32)
    assert mcnemar_exact(1, 5) == pytest.approx(2 * 7 / 64)
    with pytest.raises(ValueError, match="0 or more"):
        mcnemar_exact(-1, 2)


def test_holm_by_hand() -> None:
    # Sorted .005 .01 .03 .04 times 4 3 2 1: .02 .03 .06 .04, made not to fall: .02 .03 .06 .06.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([0.5, 0.9]) == (1.0, 1.0)
    assert holm([]) == ()


def test_scores_are_those_of_scikit_learn() -> None:
    labels, answers = drawn(60)
    counts = class_counts(labels, answers, 3).sum(axis=0)
    found = scores(counts, 3, np.ones(3, dtype=np.bool_))
    assert found[0] == pytest.approx((labels == answers).mean())
    assert found[1] == pytest.approx(f1_score(labels, answers, average="macro"))
    np.testing.assert_allclose(found[2:5], recall_score(labels, answers, average=None))
    np.testing.assert_allclose(found[5:], f1_score(labels, answers, average=None))


def test_a_class_without_pictures_does_not_count() -> None:
    labels, answers = np.array([0, 0, 1]), np.array([0, 2, 1])
    found = scores(class_counts(labels, answers, 3).sum(axis=0), 3, np.array([True, True, False]))
    assert found[1] == pytest.approx((2 / 3 + 1) / 2)
    assert np.isnan(found[4])
    rows = paired_differences(labels, answers, labels, 3)
    assert (rows[4].difference, rows[4].low, rows[4].high, rows[4].p) == (0, 0, 0, 1)


def test_the_interval_by_brute_force() -> None:
    labels, first, second = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 0]), np.array([0, 0, 1, 0])
    accuracy, macro, *_ = paired_differences(labels, first, second, 2, resamples=40_000, seed=1)
    assert (accuracy.first, accuracy.second, accuracy.difference) == (0.5, 0.75, 0.25)
    # All 4^4 resamples, equally likely.
    gains, f1s = [], []
    for chosen in product(range(4), repeat=4):
        index = list(chosen)
        gains.append((second[index] == labels[index]).mean() - (first[index] == labels[index]).mean())
        kept = np.unique(labels[index])
        one, two = (f1_score(labels[index], a[index], labels=kept, average="macro") for a in (first, second))
        f1s.append(two - one)
    assert (accuracy.low, accuracy.high) == tuple(np.percentile(gains, [2.5, 97.5]))
    np.testing.assert_allclose([macro.low, macro.high], np.percentile(f1s, [2.5, 97.5]), atol=1e-9)
    share = min(np.mean(np.array(gains) <= 0), np.mean(np.array(gains) >= 0))
    assert accuracy.p == pytest.approx(2 * share, abs=0.02)


def test_equal_answers_differ_by_nothing() -> None:
    labels, answers = drawn(50)
    for row in paired_differences(labels, answers, answers, 3, resamples=200):
        assert (row.difference, row.low, row.high, row.p) == (0.0, 0.0, 0.0, 1.0)


def test_pairing_narrows_the_interval_and_is_seeded() -> None:
    labels, first = drawn(400)
    second = first.copy()
    second[:20] = labels[:20]
    accuracy = paired_differences(labels, first, second, 3)[0]
    assert 0.0 < accuracy.low < accuracy.difference < accuracy.high < accuracy.difference + 0.02
    assert paired_differences(labels, first, second, 3)[0] == accuracy
    assert paired_differences(labels, first, second, 3, seed=1)[0] != accuracy
    order = RNG.permutation(400)
    assert paired_differences(labels[order], first[order], second[order], 3)[0] == accuracy, "no order counts"


def test_about_one_interval_in_twenty_misses() -> None:
    missed = 0
    for index in range(200):
        labels = RNG.integers(0, 3, 300)
        first, second = (np.where(RNG.random(300) < 0.6, labels, (labels + 1) % 3) for _ in range(2))
        accuracy = paired_differences(labels, first, second, 3, seed=index, resamples=300)[0]
        missed += not accuracy.low <= 0.0 <= accuracy.high
    assert 2 <= missed <= 22


def test_wrong_use() -> None:
    labels, answers = drawn(5)
    with pytest.raises(ValueError, match="same pictures"):
        paired_differences(labels, answers, answers[:4], 3)
    with pytest.raises(ValueError, match="same pictures"):
        paired_differences(labels[:0], answers[:0], answers[:0], 3)
