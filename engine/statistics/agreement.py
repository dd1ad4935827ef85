"""How alike two maps are: rank correlation, and how much their strongest tenths share.

Maps of different layers or models come to the coarsest common grid first, by area averaging (exact also where one grid
does not divide the other): a 6x6 map must not be credited with edges it does not have. Ranks, not values: the scales of
two methods or models have nothing in common.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.statistics.maps import Float64, overlap_matrix

Map = NDArray[np.floating]

TOP_SHARE: Final = 0.1
"""The strongest tenth of the cells; one cell at least."""


@dataclass(frozen=True)
class Agreement:
    """How alike two maps are.

    Attributes:
        grid: (h, w) that both were brought to.
        spearman: rank correlation in [-1, 1]; None where a map is constant and has no ranks.
        top_overlap: share of the strongest tenth that both have in common, in [0, 1].
        chance: what two unrelated maps share on average: the tenth itself.
    """

    grid: tuple[int, int]
    spearman: float | None
    top_overlap: float
    chance: float

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "grid": list(self.grid),
            "spearman": None if self.spearman is None else round(self.spearman, 5),
            "top_overlap": round(self.top_overlap, 5),
            "chance": round(self.chance, 5),
        }


def to_grid(heatmap: Map, grid: tuple[int, int]) -> Float64:
    """Average a map (H, W) over the cells of a grid (h, w): float64."""
    rows, columns = overlap_matrix(grid[0], heatmap.shape[0]), overlap_matrix(grid[1], heatmap.shape[1])
    return np.asarray(rows @ heatmap.astype(np.float64) @ columns.T)


def common_grid(one: Map, two: Map) -> tuple[int, int]:
    """Return the coarsest grid of both: the smaller height and the smaller width."""
    return min(one.shape[0], two.shape[0]), min(one.shape[1], two.shape[1])


def spearman(one: Map, two: Map) -> float | None:
    """Return Spearman's rank correlation of two maps of one shape, tied cells at their mean rank; None: no ranks.

    A map whose values differ by rounding alone counts as constant.
    """
    from scipy.stats import rankdata  # SciPy comes with scikit-learn

    if one.shape != two.shape:
        raise ValueError(f"expected two maps of one shape, got {one.shape} and {two.shape}")
    if any(float(np.ptp(m)) <= 1e-9 * float(np.abs(m).max()) for m in (one, two)):
        return None
    a, b = (np.asarray(rankdata(m.ravel()), dtype=np.float64) for m in (one, two))
    a, b = a - a.mean(), b - b.mean()
    return float(np.clip((a @ b) / np.sqrt((a @ a) * (b @ b)), -1.0, 1.0))


def _top(heatmap: Map, count: int) -> Float64:
    """Return each cell's membership in the ``count`` strongest, in [0, 1]; cells that tie at the edge share alike."""
    flat = heatmap.ravel().astype(np.float64)
    edge = np.partition(flat, len(flat) - count)[len(flat) - count]
    above, tied = flat > edge, flat == edge
    return np.where(above, 1.0, np.where(tied, (count - above.sum()) / tied.sum(), 0.0))


def top_overlap(one: Map, two: Map, share: float = TOP_SHARE) -> float:
    """Return the share, in [0, 1], of the strongest cells that two maps (of one shape) have in common.

    The strongest are ``share`` of the cells, rounded, one at least. A constant map has every cell in it alike, so that
    it shares with any map as much as chance does.
    """
    if one.shape != two.shape:
        raise ValueError(f"expected two maps of one shape, got {one.shape} and {two.shape}")
    count = max(1, round(one.size * share))
    # Product, not minimum: of tied cells each draws its own, so that two constant maps share what chance does.
    return float((_top(one, count) * _top(two, count)).sum() / count)


def agreement(one: Map, two: Map) -> Agreement:
    """Compare two maps (h, w) of any grids on their coarsest common grid."""
    grid = common_grid(one, two)
    a, b = to_grid(one, grid), to_grid(two, grid)
    cells = grid[0] * grid[1]
    return Agreement(grid, spearman(a, b), top_overlap(a, b), max(1, round(cells * TOP_SHARE)) / cells)
