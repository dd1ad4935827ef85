"""Maps on grids: averages over cells, and the maps that know no model.

The latter are what a map must beat before its agreement with the evidence means anything: chance, the centre, and
edges. Faces are centred, and evidence sits where a face has edges (eyes, brows, mouth); a map that merely shows the
centre or the edges scores well without knowing the model (Adebayo et al. 2018, arXiv:1810.03292). Each reference lies
on the grid of the map that it is compared with, is >= 0, and knows nothing of the model or the label.

Read chance from ``hit`` and ``mass``: of a random map both are the evidence's share of the picture on average. Its mean
enrichment lies below 0, for the mean of a scattered figure's log2 is below the log2 of its mean; an even map "beats"
it there by being even, not by knowing anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.records import UInt8

Float64 = NDArray[np.float64]

REFERENCES: Final[dict[str, str]] = {
    "random": "smoothed noise, another for every picture",
    "centre": "a Gaussian in the middle of the picture",
    "edges": "how strong the picture's edges are (Sobel)",
}
"""The references by name, each with words for people."""

BLOB_SHARE: Final = 1 / 12
"""Standard deviation of the random map's smoothing, in sides of the map: 4 cells of a 48-wide map, half a cell of 6."""

CENTRE_SHARE: Final = 1 / 4
"""Standard deviation of the centre prior, in sides of the map."""


def overlap_matrix(cells: int, pixels: int) -> Float64:
    """Return (cells, pixels) float64: the share of each cell's length that each pixel takes; rows sum to 1."""
    edges = np.arange(cells + 1) * (pixels / cells)
    at = np.arange(pixels)
    low = np.maximum(edges[:-1, None], at[None])
    high = np.minimum(edges[1:, None], at[None] + 1)
    return np.asarray(np.clip(high - low, 0.0, None) * (cells / pixels))


def area_average(pictures: NDArray[np.bool_ | np.floating], grid: tuple[int, int]) -> Float64:
    """Average (N, S, S) over the cells of ``grid`` = (h, w): float64 (N, h, w). Of a mask: the cover of each cell."""
    rows = overlap_matrix(grid[0], pictures.shape[1])
    columns = overlap_matrix(grid[1], pictures.shape[2])
    return np.asarray(rows @ pictures.astype(np.float64) @ columns.T)


def _smoother(cells: int) -> Float64:
    """Return (cells, cells) float64, a Gaussian average that goes round at the ends; rows sum to 1.

    Round, because any other border would make the noise there stronger or weaker, and with it the maximum likelier to
    lie there; so every cell has the same chance.
    """
    at = np.arange(cells)
    apart = np.abs(at[:, None] - at[None])
    kernel = np.exp(-0.5 * (np.minimum(apart, cells - apart) / (BLOB_SHARE * cells)) ** 2)
    return np.asarray(kernel / kernel.sum(axis=1, keepdims=True))


def random_maps(indices: Sequence[int], grid: tuple[int, int], *, seed: int = 0) -> Float64:
    """Return smooth random maps (N, h, w) float64 > 0: exp of smoothed, standardised normal noise.

    The map of a picture depends on nothing but (seed, its index, the grid), so batches of any size give the same.
    The exponential makes few strong blobs on a weak ground, as explanations are, and never an empty map.
    """
    noise = np.stack([np.random.default_rng([seed, index, *grid]).standard_normal(grid) for index in indices])
    smooth = _smoother(grid[0]) @ noise @ _smoother(grid[1]).T
    centred = smooth - smooth.mean(axis=(1, 2), keepdims=True)
    spread = centred.std(axis=(1, 2), keepdims=True)
    return np.asarray(np.exp(centred / np.where(spread > 0.0, spread, 1.0)))


def centre_prior(grid: tuple[int, int]) -> Float64:
    """Return (h, w) float64 in (0, 1]: a Gaussian about the middle of the map."""
    rows, columns = (np.exp(-0.5 * (((np.arange(cells) + 0.5) / cells - 0.5) / CENTRE_SHARE) ** 2) for cells in grid)
    return np.asarray(rows[:, None] * columns[None])


def edge_maps(images: UInt8, grid: tuple[int, int]) -> Float64:
    """Return (N, h, w) float64 >= 0: the Sobel gradient's magnitude, averaged over the cells of the grid.

    Args:
        images: (N, S, S) grey or (N, S, S, 3) RGB uint8; colours are averaged to grey, the border is repeated outside.
        grid: (h, w).
    """
    grey = images.astype(np.float64) if images.ndim == 3 else images.astype(np.float64).mean(axis=3)
    p = np.pad(grey, ((0, 0), (1, 1), (1, 1)), mode="edge")
    down = p[:, 2:] - p[:, :-2]
    across = p[:, :, 2:] - p[:, :, :-2]
    vertical = down[:, :, :-2] + 2.0 * down[:, :, 1:-1] + down[:, :, 2:]
    horizontal = across[:, :-2] + 2.0 * across[:, 1:-1] + across[:, 2:]
    return area_average(np.hypot(vertical, horizontal), grid)


def reference_maps(
    name: str, images: UInt8, indices: Sequence[int], grid: tuple[int, int], *, seed: int = 0
) -> Float64:
    """Return the maps (N, h, w) float64 of one of REFERENCES for N pictures with the numbers ``indices``."""
    if name == "random":
        return random_maps(indices, grid, seed=seed)
    if name == "centre":
        return np.repeat(centre_prior(grid)[None], len(images), axis=0)
    if name == "edges":
        return edge_maps(images, grid)
    raise ValueError(f"expected one of {sorted(REFERENCES)}, got {name!r}")
