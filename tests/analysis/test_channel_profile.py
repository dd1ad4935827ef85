from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from engine.analysis.contrasts import channel_profiles, clusters
from engine.analysis.files.attention import ClassAttention
from engine.analysis.sweep.statistics import MapStatistics
from engine.errors import UsageError

RNG = np.random.default_rng(0)
LABELS = np.repeat([0, 1, 2], [10, 14, 20])
GATES = RNG.normal(size=(44, 7))
GATES[:, 1] += 3.0 * (LABELS == 0)  # channels 1 and 2 open for class 0,
GATES[:, 2] += 3.0 * (LABELS == 0)
GATES[:, 3] += 5.0 * (LABELS == 2)  # channel 3 for class 2,
GATES[:, 6] = 0.25  # and channel 6 never moves.


def made(gates: np.ndarray, labels: np.ndarray, classes: int) -> ClassAttention:
    return ClassAttention.of("block1.channel", MapStatistics.of(gates, labels, classes))


def test_f_and_its_share_are_those_of_the_analysis_of_variance() -> None:
    found = channel_profiles(made(GATES, LABELS, 3))
    groups = [GATES[k == LABELS] for k in range(3)]
    np.testing.assert_allclose(found.f[:6], stats.f_oneway(*groups).statistic[:6], rtol=1e-4)
    middle = GATES.mean(axis=0)
    between = sum(len(group) * (group.mean(axis=0) - middle) ** 2 for group in groups)
    whole = ((GATES - middle) ** 2).sum(axis=0)
    np.testing.assert_allclose(found.explained[:6], between[:6] / whole[:6], rtol=1e-4)
    assert found.order.tolist()[0] == 3
    assert set(found.order.tolist()[1:3]) == {1, 2}
    assert np.isnan(found.f[6])
    assert found.order.tolist()[-1] == 6
    assert found.beyond_chance == 3
    assert found.critical == pytest.approx(stats.f.isf(0.05 / 7, 2, 41))


def test_a_profile_is_in_standard_deviations_within_classes() -> None:
    found = channel_profiles(made(GATES, LABELS, 3))
    means = np.stack([GATES[k == LABELS].mean(axis=0) for k in range(3)])
    within = np.sqrt(sum(((GATES[k == LABELS] - means[k]) ** 2).sum(axis=0) for k in range(3)) / 41)
    np.testing.assert_allclose(found.profile[:, :6], (means - means.mean(axis=0))[:, :6] / within[:6], atol=1e-4)
    assert not found.profile[:, 6].any()
    np.testing.assert_allclose(found.mean, means, atol=1e-6)


def test_channels_that_open_for_the_same_class_are_a_cluster() -> None:
    found = clusters(channel_profiles(made(GATES, LABELS, 3)), 3)
    assert found[1] == found[2]
    assert len({int(found[3]), int(found[1]), int(found[0])}) == 3
    assert found[3] == 1  # numbered by the best channel
    assert found[6] == 0
    assert set(clusters(channel_profiles(made(GATES, LABELS, 3)), 1)[:6]) == {1}


def test_a_class_without_pictures_is_left_out() -> None:
    found = channel_profiles(made(GATES, LABELS, 4))
    np.testing.assert_allclose(found.f, channel_profiles(made(GATES, LABELS, 3)).f)
    assert np.isnan(found.mean[3]).all()
    assert clusters(found, 2).max() == 2


def test_what_cannot_be_told_apart_is_refused() -> None:
    with pytest.raises(UsageError, match="two classes"):
        channel_profiles(made(GATES[:5], np.zeros(5, np.int64), 3))
    with pytest.raises(UsageError, match="two of some class"):
        channel_profiles(made(GATES[:2], np.array([0, 1]), 3))
    with pytest.raises(UsageError, match="channel gate"):
        channel_profiles(ClassAttention.of("a", MapStatistics.of(np.ones((4, 2, 2)), np.array([0, 0, 1, 1]), 2)))
    with pytest.raises(UsageError, match="one cluster"):
        clusters(channel_profiles(made(GATES, LABELS, 3)), 0)
    # One channel alone that varies is a cluster of its own.
    lone = np.column_stack([RNG.normal(size=6), np.ones(6)])
    assert clusters(channel_profiles(made(lone, np.array([0, 0, 0, 1, 1, 1]), 2)), 3).tolist() == [1, 0]
