from __future__ import annotations

import numpy as np
import pytest

from engine.errors import UsageError
from engine.statistics.selectivity import selectivity


def test_f_by_hand() -> None:
    # Channel 0: classes 1,3 and 5,7: means 2 and 6, between = 2*4+2*4 = 16 on 1, within = 2+2 = 4 on 2: F = 16/2 = 8.
    # Channel 1 tells nothing: equal means, F = 0. Channel 2 is dead.
    means = np.array([[1, 1, 4], [3, 3, 4], [5, 1, 4], [7, 3, 4]], np.float32)
    found = selectivity(means, np.array([0, 0, 6, 6]))
    assert found.f[:2].tolist() == pytest.approx([8.0, 0.0])
    assert np.isnan(found.f[2])
    assert found.pictures == 4
    assert found.favourite[0] == 6
    # F(1, 2) exceeds 58.9 with probability 0.05 / 3.
    assert found.critical == pytest.approx(58.5, abs=1.0)


def test_noise_stays_below_what_chance_exceeds_and_a_signal_does_not() -> None:
    rng = np.random.default_rng(3)
    labels = np.repeat(np.arange(7), 30)
    means = rng.normal(size=(210, 50)).astype(np.float32)
    means[:, 9] += labels == 4
    found = selectivity(means, labels)
    assert np.flatnonzero(found.f > found.critical).tolist() == [9]
    assert found.favourite[9] == 4


def test_too_few_pictures() -> None:
    with pytest.raises(UsageError, match="two pictures or more of two classes"):
        selectivity(np.zeros((3, 2), np.float32), np.array([0, 0, 1]))
