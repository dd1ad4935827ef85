from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from engine.statistics.intervals import Estimate, bootstrap_means


def test_two_values_by_hand() -> None:
    # The mean of two draws from {0, 1} is 0, 1/2, 1 with chances 1/4, 1/2, 1/4: both ends hold more than 2.5 %.
    (found,) = bootstrap_means(np.array([[0.0], [1.0]]))
    assert found == Estimate(0.5, 0.0, 1.0, 2)
    # Inside of 40 % lies the middle value alone.
    (found,) = bootstrap_means(np.array([[0.0], [1.0]]), level=0.4)
    assert found == Estimate(0.5, 0.5, 0.5, 2)


def test_four_values_against_every_possible_resample() -> None:
    values = np.array([0.0, 1.0, 3.0, 8.0])
    every = np.array([np.mean(drawn) for drawn in product(values, repeat=4)])
    (found,) = bootstrap_means(values[:, None], resamples=20_000)
    low, high = np.percentile(every, [2.5, 97.5])
    assert found.mean == 3.0
    assert (found.low, found.high) == (pytest.approx(low, abs=0.26), pytest.approx(high, abs=0.26))  # one step apart


def test_many_values_against_the_normal_interval() -> None:
    values = np.random.default_rng(5).normal(2.0, 3.0, 1_000)
    (found,) = bootstrap_means(values[:, None])
    half = 1.96 * values.std() / np.sqrt(len(values))
    assert found.low == pytest.approx(values.mean() - half, abs=0.03)
    assert found.high == pytest.approx(values.mean() + half, abs=0.03)


def test_a_constant_is_sure_to_the_last_bit() -> None:
    assert bootstrap_means(np.full((7, 1), 0.1)) == (Estimate(0.1, 0.1, 0.1, 7),)


def test_an_interval_never_leaves_the_values() -> None:
    values = np.zeros((30, 1))
    values[0] = 0.1
    (found,) = bootstrap_means(values)
    assert found.low == 0.0
    assert not np.signbit(found.low)


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.random.default_rng(0).random((40, 2))
    assert bootstrap_means(values, seed=9) == bootstrap_means(values, seed=9)
    assert bootstrap_means(values, seed=9) != bootstrap_means(values, seed=10)


def test_columns_do_not_disturb_each_other() -> None:
    values = np.random.default_rng(0).random((40, 3))
    values[::3, 1] = np.nan
    together, alone = bootstrap_means(values)[2], bootstrap_means(values[:, 2:])[0]
    assert (together.mean, together.low, together.high) == pytest.approx((alone.mean, alone.low, alone.high))
    assert bootstrap_means(values)[1].n == 26
    assert bootstrap_means(values)[1].mean == pytest.approx(np.nanmean(values[:, 1]))


def test_a_difference_column_is_paired() -> None:
    noise = np.random.default_rng(1).normal(0, 10, 200)
    table = np.stack([noise + 1.0, noise, np.ones(200)], axis=1)
    ahead, behind, difference = bootstrap_means(table)
    assert ahead.low is not None
    assert behind.high is not None
    assert ahead.low < behind.high  # apart they cannot be told from each other
    assert (difference.low, difference.high) == (1.0, 1.0)


def test_too_few_to_know() -> None:
    assert bootstrap_means(np.empty((0, 2))) == (Estimate(None, None, None, 0),) * 2
    assert bootstrap_means(np.array([[4.0, np.nan]])) == (
        Estimate(4.0, None, None, 1),
        Estimate(None, None, None, 0),
    )
    assert Estimate(None, None, None, 0).as_dict() == {"mean": None, "low": None, "high": None, "n": 0}


@pytest.mark.parametrize("wrong", [{"resamples": 0}, {"level": 1.0}, {"level": 0.0}])
def test_impossible_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="resamples >= 1"):
        bootstrap_means(np.zeros((3, 1)), **wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="pictures, columns"):
        bootstrap_means(np.zeros(3))


def test_many_pictures_are_drawn_in_smaller_portions_with_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(3).normal(size=(37, 2))
    whole = bootstrap_means(values, resamples=60)
    monkeypatch.setattr("engine.statistics.intervals._DRAWS", 100)  # two resamples at a time
    for one, other in zip(bootstrap_means(values, resamples=60), whole, strict=True):
        assert (one.mean, one.low, one.high) == pytest.approx((other.mean, other.low, other.high), rel=1e-12)
