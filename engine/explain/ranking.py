"""Which pixels go first: a map's native cells by rank, ties broken by a seeded draw.

Ranks, not thresholds: in a Grad-CAM half of the cells may be exactly 0, and "remove what is at or above the 60th
percentile" would then remove everything at once. Cells, not enlarged pixels: a 6x6 map has 36 things to say.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Int64 = NDArray[np.int64]
Bool = NDArray[np.bool_]


def ranked_cells(heatmap: NDArray[np.floating], seed: int = 0) -> Int64:
    """Return the cells of a map (h, w), largest first, as (h w,) row-major numbers; equal cells in a drawn order.

    Only the order counts: a constant map gives a random order, an all-negative map its least negative cell first.
    """
    flat = heatmap.ravel()
    drawn = np.random.default_rng(seed).permutation(len(flat))
    return np.asarray(drawn[np.argsort(-flat[drawn], kind="stable")], dtype=np.int64)


def steps_of(cells: int, steps: int) -> Int64:
    """Return how many cells are gone at each of ``steps`` even steps, (steps + 1,) from 0 to ``cells``."""
    return np.asarray(np.rint(np.arange(steps + 1) * (cells / steps)), dtype=np.int64)


def removal_masks(order: Int64, counts: Int64, grid: tuple[int, int], side: int) -> Bool:
    """Return which pixels are gone after the first ``counts`` cells of ``order``: (len(counts), side, side) bool.

    A pixel belongs to the cell that its centre lies in, also where the side is no multiple of the grid.
    """
    position = np.empty(len(order), dtype=np.int64)
    position[order] = np.arange(len(order))
    centres = 2 * np.arange(side) + 1  # in half pixels, so that the division is exact
    rows, columns = (centres * cells // (2 * side) for cells in grid)
    of_pixel = position.reshape(grid)[rows[:, None], columns[None]]
    return np.asarray(of_pixel[None] < counts[:, None, None])
