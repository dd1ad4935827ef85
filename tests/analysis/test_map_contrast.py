from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from engine.analysis.contrasts import (
    class_minus_all,
    class_minus_class,
    contrast,
    mean_of_classes,
    right_minus_wrong,
)
from engine.analysis.files.attention import ClassAttention, by_class, group_of
from engine.analysis.sweep.statistics import MapStatistics
from engine.errors import UsageError

RNG = np.random.default_rng(0)
LABELS = np.repeat([0, 1, 2], [5, 8, 11])
RIGHT = np.arange(24) % 3 > 0
MAPS = RNG.normal(size=(24, 2, 3)) + LABELS[:, None, None]
GROUPS = by_class("g", MapStatistics.of(MAPS, group_of(LABELS, RIGHT), 6))
OF = GROUPS["all"]


def test_two_classes_are_compared_as_by_welchs_test() -> None:
    found = class_minus_class(OF, 1, 0)
    one, two = MAPS[LABELS == 1], MAPS[LABELS == 0]
    np.testing.assert_allclose(found.values, one.mean(axis=0) - two.mean(axis=0), atol=1e-6)
    expected = stats.ttest_ind(one, two, equal_var=False)
    np.testing.assert_allclose(found.p, expected.pvalue, rtol=1e-4)
    np.testing.assert_allclose(found.values / found.standard_error, expected.statistic, rtol=1e-4)
    assert found.count == 5


def test_right_is_compared_with_wrong_of_the_same_class() -> None:
    found = right_minus_wrong(GROUPS["right"], GROUPS["wrong"], 2)
    one, two = MAPS[(LABELS == 2) & RIGHT], MAPS[(LABELS == 2) & ~RIGHT]
    np.testing.assert_allclose(found.values, one.mean(axis=0) - two.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(found.p, stats.ttest_ind(one, two, equal_var=False).pvalue, rtol=1e-4)
    assert found.count == min(len(one), len(two))


def test_a_class_is_compared_with_all_classes_alike_itself_among_them() -> None:
    means = np.stack([MAPS[k == LABELS].mean(axis=0) for k in range(3)])
    np.testing.assert_allclose(mean_of_classes(OF), means.mean(axis=0), atol=1e-6)
    found = class_minus_all(OF, 0)
    np.testing.assert_allclose(found.values, means[0] - means.mean(axis=0), atol=1e-6)
    # By hand: weights 2/3, -1/3, -1/3 on independent means.
    errors = [w**2 * MAPS[k == LABELS].var(axis=0, ddof=1) / n for k, (w, n) in
              enumerate([(2 / 3, 5), (1 / 3, 8), (1 / 3, 11)])]  # fmt: skip
    np.testing.assert_allclose(found.standard_error, np.sqrt(sum(errors)), rtol=1e-5)
    # The classes lie one standard deviation apart, so that what is said to be beyond chance is not nothing.
    assert 0 < class_minus_class(OF, 2, 0).beyond_chance() <= 6


def test_chance_alone_is_found_in_one_of_twenty_families_of_cells() -> None:
    rng = np.random.default_rng(1)
    families = 200
    false = 0
    for _ in range(families):
        maps = rng.normal(size=(40, 25))
        of = ClassAttention.of("g", MapStatistics.of(maps, np.repeat([0, 1], 20), 2))
        false += class_minus_class(of, 0, 1).beyond_chance() > 0
    assert false / families < 0.1


def test_one_picture_gives_a_difference_but_no_certainty() -> None:
    labels = np.array([0, 1, 1])
    of = ClassAttention.of("g", MapStatistics.of(np.array([[[4.0]], [[1.0]], [[2.0]]]), labels, 2))
    found = class_minus_class(of, 0, 1)
    assert found.values.tolist() == [[2.5]]
    assert np.isnan(found.standard_error).all()
    assert np.isnan(found.p).all()
    assert found.beyond_chance() == 0


def test_no_picture_gives_no_difference() -> None:
    of = ClassAttention.of("g", MapStatistics.of(np.ones((2, 1, 1)), np.array([0, 0]), 3))
    for difference in (lambda: class_minus_class(of, 0, 1), lambda: class_minus_all(of, 2), lambda: contrast([])):
        with pytest.raises(UsageError):
            difference()
    assert class_minus_all(of, 0).values.tolist() == [[0.0]]
    empty = ClassAttention.of("g", MapStatistics.of(np.ones((0, 1, 1)), np.zeros(0, np.int64), 2))
    with pytest.raises(UsageError, match="some class"):
        mean_of_classes(empty)
