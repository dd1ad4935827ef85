"""What stands in for pixels that are taken away when a map's faithfulness is measured.

[1] Y. Rong, T. Leemann, V. Borisov, G. Kasneci, E. Kasneci. A Consistent and Efficient Evaluation Strategy for
    Attribution Methods. ICML 2022, arXiv:2202.00449 (ROAD, section 5).
[2] R. Fong, A. Vedaldi. Interpretable Explanations of Black Boxes by Meaningful Perturbation. ICCV 2017,
    arXiv:1704.03296 (blur).

A model has never seen a face with grey squares, and may answer to the squares. Two stand-ins that look like skin are
used side by side; what holds under both does not hang on either.

- ``blur``: the pixel's value in the picture blurred by a Gaussian whose standard deviation is an eighth of the side
  (6 pixels of 48: an eye or a mouth is gone, light and shade stay).
- ``road``: noisy linear imputation [1]. Every removed pixel is the weighted mean of its eight neighbours, 1/6 for the
  four beside it and 1/12 for the diagonal ones, removed neighbours too: one sparse linear system a mask, solved by
  SciPy. Noise of 1 % of the range follows, as in [1], so that a smooth patch does not give the mask away. At the
  border the weights of the neighbours that exist are made to sum to 1. Where no pixel is left, all get the picture's
  mean: there the system has no solution.

Each imputer depends on nothing but the picture, the mask and the seed. SciPy comes with scikit-learn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.records import Float32, UInt8

Bool = NDArray[np.bool_]
Imputer = Callable[[UInt8, Bool, int], Float32]
"""(picture (S, S) or (S, S, 3) uint8, removed (M, S, S) bool, seed) → (M, S, S[, 3]) float32 in [0, 255]."""

BLUR_SHARE: Final = 1 / 8
"""Standard deviation of the blur as a share of the side."""

NOISE_SHARE: Final = 0.01
"""Standard deviation of ROAD's noise as a share of the range, 0.01 x 255."""

_NEIGHBOURS: Final = tuple(
    (down, right, 1 / 12 if down and right else 1 / 6) for down in (-1, 0, 1) for right in (-1, 0, 1) if down or right
)


def blur(picture: UInt8, removed: Bool, seed: int = 0) -> Float32:  # noqa: ARG001 - imputers are called alike
    """Fill the removed pixels from the blurred picture; see :data:`Imputer` for shapes."""
    sigma = BLUR_SHARE * picture.shape[0]
    blurred = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    mask = removed if picture.ndim == 2 else removed[..., None]
    return np.where(mask, blurred[None], picture[None].astype(np.float32)).astype(np.float32)


def _neighbour_mean(picture: NDArray[np.float64], removed: Bool) -> NDArray[np.float64]:
    """Solve for the removed pixels of one mask (S, S): (how many, channels), in row-major order of the mask."""
    from scipy.sparse import coo_array  # only measuring needs SciPy
    from scipy.sparse.linalg import spsolve

    height, width = removed.shape
    number = np.full(removed.shape, -1, dtype=np.int64)
    rows, columns = np.nonzero(removed)
    count = len(rows)
    number[rows, columns] = np.arange(count)
    total = np.zeros(count)
    known = np.zeros((count, picture.shape[2]))
    at: list[tuple[NDArray[np.int64], NDArray[np.int64], float]] = []
    for down, right, weight in _NEIGHBOURS:
        r, c = rows + down, columns + right
        inside = (r >= 0) & (r < height) & (c >= 0) & (c < width)
        own = np.flatnonzero(inside)
        other = number[r[own], c[own]]
        total[own] += weight
        there = other < 0
        known[own[there]] += weight * picture[r[own[there]], c[own[there]]]
        at.append((own[~there], other[~there], -weight))
    diagonal = np.arange(count)
    i = np.concatenate([diagonal, *(own for own, _, _ in at)])
    j = np.concatenate([diagonal, *(other for _, other, _ in at)])
    values = np.concatenate([total, *(np.full(len(own), weight) for own, _, weight in at)])
    system = coo_array((values, (i, j)), shape=(count, count)).tocsc()
    solved = spsolve(system, known, permc_spec="MMD_AT_PLUS_A")
    return np.asarray(solved, dtype=np.float64).reshape(count, -1)


def road(picture: UInt8, removed: Bool, seed: int = 0) -> Float32:
    """Fill the removed pixels by ROAD's noisy linear imputation; see :data:`Imputer` for shapes.

    The noise of a pixel depends on the seed and its place, not on the mask, so that masks differ by what they remove.
    """
    whole = picture.astype(np.float64).reshape(*picture.shape[:2], -1)
    noise = np.random.default_rng(seed).normal(0.0, NOISE_SHARE * 255.0, whole.shape)
    filled = np.repeat(whole[None], len(removed), axis=0)
    for index, mask in enumerate(removed):
        if mask.all():
            filled[index] = whole.mean(axis=(0, 1)) + noise
        elif mask.any():
            filled[index, mask] = _neighbour_mean(whole, mask) + noise[mask]
    return np.clip(filled, 0.0, 255.0).reshape(len(removed), *picture.shape).astype(np.float32)


IMPUTERS: Final[dict[str, Imputer]] = {"blur": blur, "road": road}
"""The imputers by name."""
