from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from engine.statistics.correlation import rank_correlation


def test_it_is_spearmans_with_ties() -> None:
    rng = np.random.default_rng(2)
    one = rng.integers(0, 12, 400).astype(float)
    other = one + rng.normal(0, 5, 400).round()
    found = rank_correlation(one, other)
    assert found.rho == pytest.approx(spearmanr(one, other).statistic, abs=1e-12)
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.rho < found.high  # type: ignore[operator]
    # The usual approximation for the interval's width, by Fisher's transform.
    width = 2 * 1.96 * np.sqrt((1 + found.rho**2 / 2) / 397) * (1 - found.rho**2)  # type: ignore[operator]
    assert found.high - found.low == pytest.approx(width, rel=0.2)
    assert found.as_dict()["n"] == 400
    assert found.as_dict()["rho"] == round(found.rho, 5)  # type: ignore[arg-type]


def test_order_alone_counts() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0, 10.0])
    assert rank_correlation(values, np.exp(values)).rho == pytest.approx(1.0)
    assert rank_correlation(values, -(values**3)).rho == pytest.approx(-1.0)
    assert rank_correlation(values, values) == rank_correlation(values, values)  # seeded


@pytest.mark.parametrize("other", [np.array([1.0, 1.0, 1.0, 1.0]), np.array([1.0, 2.0])])
def test_nothing_to_correlate(other: np.ndarray) -> None:
    found = rank_correlation(np.arange(float(len(other))), other)
    assert (found.rho, found.low, found.high, found.n) == (None, None, None, len(other))
    with pytest.raises(ValueError, match="the same pictures"):
        rank_correlation(np.arange(3.0), np.arange(4.0))
