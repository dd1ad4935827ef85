from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from engine.statistics.agreement import agreement, common_grid, spearman, to_grid, top_overlap

RNG = np.random.default_rng(0)


def test_averaging_by_hand() -> None:
    three = np.array([[0.0, 3.0, 6.0]] * 3)
    # Three columns on two: a column and a half each.
    np.testing.assert_allclose(to_grid(three, (1, 2)), [[(0 + 1.5) / 1.5, (1.5 + 6) / 1.5]])
    np.testing.assert_allclose(to_grid(three, (3, 3)), three)
    big = RNG.random((7, 5))
    assert to_grid(big, (3, 2)).mean() == pytest.approx(big.mean())
    assert common_grid(np.zeros((6, 12)), np.zeros((7, 5))) == (6, 5)


def test_rank_correlation() -> None:
    one = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert spearman(one, one**3) == 1.0
    assert spearman(one, -one) == -1.0
    # Ranks 1 2 3 4 and 2 1 4 3: 1 - 6 x 4 / (4 x 15).
    assert spearman(one, np.array([[2.0, 1.0], [4.0, 3.0]])) == pytest.approx(0.6)
    tied, other = RNG.integers(0, 4, (6, 6)).astype(float), RNG.random((6, 6))
    assert spearman(tied, other) == pytest.approx(spearmanr(tied.ravel(), other.ravel()).statistic)
    assert spearman(np.zeros((2, 2)), one) is None
    assert spearman(one, np.full((2, 2), 0.3) + 1e-12 * one) is None


def test_the_top_tenth_by_hand() -> None:
    ten = np.arange(20.0).reshape(4, 5)  # the two strongest are the last two
    assert top_overlap(ten, ten) == 1.0
    assert top_overlap(ten, -ten) == 0.0
    half = ten.copy()
    half.ravel()[18] = -1.0
    assert top_overlap(ten, half) == 0.5
    assert top_overlap(ten, np.zeros((4, 5))) == pytest.approx(0.1)
    assert top_overlap(np.zeros((4, 5)), np.ones((4, 5))) == pytest.approx(0.1)
    tied = np.zeros((4, 5))
    tied[3] = 1.0  # five tie for two places, the strongest two of `ten` are among them
    assert top_overlap(ten, tied) == pytest.approx(2 * 0.4 / 2)
    assert top_overlap(np.array([[3.0, 1.0]]), np.array([[2.0, 1.0]])) == 1.0  # one cell at least


def test_unrelated_maps_share_what_chance_does() -> None:
    found = [agreement(RNG.random((10, 10)), RNG.random((10, 10))) for _ in range(300)]
    assert np.mean([one.top_overlap for one in found]) == pytest.approx(0.1, abs=0.02)
    assert np.mean([one.spearman or 0.0 for one in found]) == pytest.approx(0.0, abs=0.02)
    assert found[0].chance == 0.1


def test_grids_that_differ() -> None:
    fine = np.kron(RNG.random((6, 6)), np.ones((4, 4)))
    found = agreement(fine, to_grid(fine, (6, 6)).astype(np.float32))
    assert (found.grid, found.spearman, found.top_overlap) == ((6, 6), 1.0, 1.0)
    assert found.chance == pytest.approx(4 / 36)
    assert agreement(RNG.random((7, 9)), RNG.random((5, 12))).grid == (5, 9)
    document = agreement(np.zeros((2, 2)), fine).as_dict()
    assert document == {"grid": [2, 2], "spearman": None, "top_overlap": 0.25, "chance": 0.25}
    for function in (spearman, top_overlap):
        with pytest.raises(ValueError, match="one shape"):
            function(fine, fine[:3])
