from __future__ import annotations

import numpy as np
import pytest

from engine.trust.faithfulness import ranked_cells, removal_masks, steps_of


def test_largest_first_and_signs_count() -> None:
    heatmap = np.array([[0.1, -3.0], [0.7, -0.2]])
    assert ranked_cells(heatmap).tolist() == [2, 0, 3, 1]
    assert ranked_cells(heatmap - 10.0).tolist() == [2, 0, 3, 1], "an all-negative map has an order too"


def test_ties_are_drawn_and_seeded() -> None:
    half_zero = np.zeros((4, 4), dtype=np.float32)
    half_zero[:2] = np.arange(8).reshape(2, 4) + 1
    orders = [ranked_cells(half_zero, seed) for seed in range(4)]
    for order in orders:
        assert order[:8].tolist() == list(range(7, -1, -1))
        assert sorted(order[8:]) == list(range(8, 16))
    assert len({tuple(order[8:]) for order in orders}) == 4
    assert np.array_equal(orders[1], ranked_cells(half_zero, 1))
    firsts = [ranked_cells(np.zeros((2, 2)), seed)[0] for seed in range(400)]
    assert np.bincount(firsts, minlength=4).min() > 70, "a constant map starts anywhere, evenly"


def test_even_steps() -> None:
    assert steps_of(16, 4).tolist() == [0, 4, 8, 12, 16]
    assert steps_of(36, 10).tolist() == [0, 4, 7, 11, 14, 18, 22, 25, 29, 32, 36]


def test_cells_take_their_pixels() -> None:
    order = ranked_cells(np.array([[4.0, 3.0], [2.0, 1.0]]))
    masks = removal_masks(order, np.array([0, 1, 4]), (2, 2), (4, 4))
    assert masks.shape == (3, 4, 4)
    assert masks[0].sum() == 0
    assert masks[1][:2, :2].all()
    assert masks[1].sum() == 4
    assert masks[2].all()


@pytest.mark.parametrize("grid", [(3, 3), (7, 5), (16, 16)])
def test_grids_that_do_not_divide_the_side(grid: tuple[int, int]) -> None:
    cells = grid[0] * grid[1]
    masks = removal_masks(np.arange(cells), np.arange(cells + 1), grid, (16, 16))
    sizes = np.diff(masks.sum(axis=(1, 2)))
    assert masks[-1].all()
    assert sizes.min() >= (16 // grid[0]) * (16 // grid[1])  # each cell has its pixels, none is lost
    assert sizes.max() <= (-(-16 // grid[0])) * (-(-16 // grid[1]))
