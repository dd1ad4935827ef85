from __future__ import annotations

import itertools

import numpy as np
import pytest

from engine.analysis.sweep.statistics import MapStatistics


def drawn(count: int, seed: int, shape: tuple[int, ...] = (3, 2)) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    # A large mean beside a small spread: sums of squares without their mean would lose every digit of the variance.
    return rng.normal(1e4, 0.01, (count, *shape)), rng.integers(0, 3, count)


def test_by_hand() -> None:
    found = MapStatistics.of(np.array([[1.0], [3.0], [7.0]]), np.array([0, 0, 2]), 3)
    assert found.count.tolist() == [2, 0, 1]
    assert found.mean[:, 0].tolist() == [2.0, 0.0, 7.0]
    assert found.m2[:, 0].tolist() == [2.0, 0.0, 0.0]
    assert found.variance()[:, 0].tolist() == [2.0, 0.0, 0.0]
    merged = found.merge(MapStatistics.of(np.array([[5.0], [4.0]]), np.array([0, 1]), 3))
    # 1, 3, 5 have mean 3 and squares 4 + 0 + 4.
    assert merged.count.tolist() == [3, 1, 1]
    assert merged.mean[:, 0].tolist() == [3.0, 4.0, 7.0]
    assert merged.m2[:, 0].tolist() == [8.0, 0.0, 0.0]


@pytest.mark.parametrize("shape", [(5,), (3, 2)])
def test_parts_equal_two_passes_over_everything(shape: tuple[int, ...]) -> None:
    maps, groups = drawn(101, 3, shape)
    cuts = [0, 1, 4, 40, 90, 101]
    merged = MapStatistics.merge_all(MapStatistics.of(maps[a:b], groups[a:b], 4) for a, b in itertools.pairwise(cuts))
    for group in range(3):
        own = maps[groups == group]
        assert merged.count[group] == len(own)
        np.testing.assert_allclose(merged.mean[group], own.mean(axis=0), rtol=1e-14)
        np.testing.assert_allclose(merged.variance()[group], own.var(axis=0, ddof=1), rtol=1e-6)
    assert merged.count[3] == 0
    assert not merged.mean[3].any()
    assert not merged.variance()[3].any()


def test_the_order_of_merging_does_not_matter() -> None:
    parts = [MapStatistics.of(*drawn(count, count), 3) for count in (1, 7, 30, 64)]
    left = MapStatistics.merge_all(parts)
    right = parts[0].merge(parts[1].merge(parts[2].merge(parts[3])))
    for order in itertools.permutations(parts):
        other = MapStatistics.merge_all(order)
        assert other.count.tolist() == left.count.tolist() == right.count.tolist()
        for a, b in ((other, left), (right, left)):
            np.testing.assert_allclose(a.mean, b.mean, rtol=1e-14)
            np.testing.assert_allclose(a.m2, b.m2, rtol=1e-6)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="0 to 1"):
        MapStatistics.of(np.ones((2, 1)), np.array([0, 2]), 2)
    with pytest.raises(ValueError, match="finite"):
        MapStatistics.of(np.array([[np.nan]]), np.array([0]), 1)
    with pytest.raises(ValueError, match="one shape"):
        MapStatistics.of(np.ones((1, 2)), np.array([0]), 1).merge(MapStatistics.of(np.ones((1, 3)), np.array([0]), 1))
    with pytest.raises(ValueError, match="none"):
        MapStatistics.merge_all([])
    with pytest.raises(ValueError, match="0 or more"):
        MapStatistics(np.array([1]), np.zeros((1, 1)), np.array([[-1.0]]))
