from __future__ import annotations

import numpy as np
import pytest

from engine.statistics.calibration import calibration, fit_temperature, nll_nats, tempered
from engine.statistics.classification import wilson_interval


def test_the_error_by_hand() -> None:
    # Two bins. Up to .5: confidence .5, right; above: .9 and .7, of which one is right.
    p = np.array([[0.5, 0.3, 0.2], [0.9, 0.1, 0.0], [0.2, 0.7, 0.1]])
    found = calibration(p, np.array([0, 0, 0], np.int64), bins=2)
    low, high = found.bins
    assert (low.n, low.confidence, low.accuracy) == (1, 0.5, 1.0)
    assert (high.n, high.accuracy) == (2, 0.5)
    assert high.confidence == pytest.approx(0.8)
    assert high.interval == wilson_interval(1, 2)
    assert found.ece == pytest.approx(1 / 3 * 0.5 + 2 / 3 * 0.3)
    assert found.nll_nats == pytest.approx(-(np.log(0.5) + np.log(0.9) + np.log(0.2)) / 3)
    assert found.as_dict()["bins"] == 2


def test_bins_hold_every_picture_once_and_say_when_empty() -> None:
    p = np.array([[1.0, 0.0], [0.5, 0.5], [0.6, 0.4]])
    found = calibration(p, np.array([0, 1, 0], np.int64))
    assert len(found.bins) == 15
    assert sum(one.n for one in found.bins) == 3
    assert found.bins[0].accuracy is None
    assert found.bins[-1].n == 1  # a confidence of exactly 1
    assert found.bins[8].high == pytest.approx(0.6)
    assert found.bins[8].n == 1  # the upper end belongs to the bin


def overconfident(n: int = 4000, true_temperature: float = 2.5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(n, 4)) * 3
    p = np.exp(logits / true_temperature)
    p /= p.sum(1, keepdims=True)
    labels = np.array([rng.choice(4, p=row) for row in p], np.int64)
    said = np.exp(logits)
    return said / said.sum(1, keepdims=True), labels


def test_the_temperature_that_made_the_labels_is_found() -> None:
    said, labels = overconfident()
    fitted = fit_temperature(said[:2000], labels[:2000])
    assert fitted.value == pytest.approx(2.5, rel=0.1)
    assert (fitted.n, fitted.bounded) == (2000, False)
    assert fitted.nll_after < fitted.nll_before
    for other in (fitted.value * 0.95, fitted.value * 1.05):
        assert nll_nats(said[:2000], labels[:2000], other) > fitted.nll_after
    before = calibration(said[2000:], labels[2000:])
    after = calibration(tempered(said[2000:], fitted.value), labels[2000:])
    assert after.ece < before.ece / 3
    assert after.accuracy == before.accuracy


def test_tempering_is_dividing_the_logits() -> None:
    logits = np.array([[3.0, 1.0, -2.0]])
    p = np.exp(logits) / np.exp(logits).sum()
    expected = np.exp(logits / 2) / np.exp(logits / 2).sum()
    np.testing.assert_allclose(tempered(p, 2.0), expected)
    np.testing.assert_allclose(tempered(p, 1.0), p)


def test_a_zero_stays_finite_and_a_limit_is_said() -> None:
    sure = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert nll_nats(sure, np.array([1, 1], np.int64)) == pytest.approx(103.28 / 2, rel=1e-3)
    always_right = fit_temperature(np.array([[0.9, 0.1]] * 5), np.zeros(5, np.int64))
    assert always_right.bounded
    with pytest.raises(ValueError, match="got none"):
        fit_temperature(sure[:0], np.zeros(0, np.int64))
