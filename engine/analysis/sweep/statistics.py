"""Count, mean and variance of maps, gathered in parts that can be merged.

[1] T. F. Chan, G. H. Golub, R. J. LeVeque. Updating formulae and a pairwise algorithm for computing sample variances.
    Stanford University STAN-CS-79-773, 1979, eq. 2.1: with d = mean_b - mean_a and n = n_a + n_b,
    mean = mean_a + d n_b / n and M2 = M2_a + M2_b + d² n_a n_b / n.

Everything is float64, so that the order of merging matters in the last digits only; counts are integers and exact.
Letters: B pictures, G groups, S... the map's native shape, (h, w) or (C,).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Int64 = NDArray[np.int64]
Float64 = NDArray[np.float64]


def _beside(count: Int64 | Float64, shape: tuple[int, ...]) -> Float64:
    """Give (G,) counts the axes that broadcast against (G, S...)."""
    return np.asarray(count, dtype=np.float64).reshape(len(count), *(1,) * (len(shape) - 1))


@dataclass(frozen=True, eq=False)
class MapStatistics:
    """What is known of the maps of G groups.

    Attributes:
        count: int64 (G,), how many maps.
        mean: float64 (G, S...), 0 where the count is 0.
        m2: float64 (G, S...), the sum of squared deviations from the mean, >= 0.
    """

    count: Int64
    mean: Float64
    m2: Float64

    def __post_init__(self) -> None:
        if self.count.dtype != np.int64 or self.count.ndim != 1 or (self.count < 0).any():
            raise ValueError(f"expected counts as int64 (G,) of 0 or more, got {self.count.dtype} {self.count.shape}")
        for name, array in (("mean", self.mean), ("m2", self.m2)):
            if array.dtype != np.float64 or array.shape != self.mean.shape or array.shape[:1] != self.count.shape:
                raise ValueError(
                    f"expected {name} as float64 ({len(self.count)}, ...), got {array.dtype} with shape {array.shape}"
                )
            if not np.isfinite(array).all():
                raise ValueError(f"expected a finite {name}, got NaN or infinity")
        if (self.m2 < 0).any():
            raise ValueError(f"expected sums of squares of 0 or more, got {self.m2.min()}")

    @classmethod
    def of(cls, maps: NDArray[np.floating], groups: Int64, total: int) -> MapStatistics:
        """Gather maps (B, S...) whose groups (B,) are 0 to ``total`` - 1, in two passes over them."""
        if len(maps) != len(groups) or (len(groups) and not 0 <= int(groups.min()) <= int(groups.max()) < total):
            raise ValueError(f"expected {len(maps)} groups from 0 to {total - 1}, got {len(groups)}")
        flat = maps.reshape(len(maps), int(np.prod(maps.shape[1:]))).astype(np.float64)
        member = np.zeros((total, len(maps)))
        member[groups, np.arange(len(maps))] = 1.0
        count = np.bincount(groups, minlength=total).astype(np.int64)
        mean = member @ flat / np.maximum(count, 1)[:, None]
        m2 = member @ (flat - mean[groups]) ** 2
        shape = (total, *maps.shape[1:])
        return cls(count, mean.reshape(shape), m2.reshape(shape))

    def merge(self, other: MapStatistics) -> MapStatistics:
        """Return the statistics of both sets of maps together [1]."""
        if self.mean.shape != other.mean.shape:
            raise ValueError(f"expected statistics of one shape, got {self.mean.shape} and {other.mean.shape}")
        count = self.count + other.count
        share = _beside(other.count / np.maximum(count, 1), self.mean.shape)
        apart = other.mean - self.mean
        mean = self.mean + apart * share
        m2 = self.m2 + other.m2 + apart**2 * share * _beside(self.count, self.mean.shape)
        return MapStatistics(count, mean, m2)

    @classmethod
    def merge_all(cls, parts: Iterable[MapStatistics]) -> MapStatistics:
        """Merge one or more parts, from first to last."""
        merged: MapStatistics | None = None
        for part in parts:
            merged = part if merged is None else merged.merge(part)
        if merged is None:
            raise ValueError("expected one or more parts to merge, got none")
        return merged

    def select(self, groups: Sequence[int]) -> MapStatistics:
        """Return the statistics of these groups alone, in this order."""
        chosen = list(groups)
        return MapStatistics(self.count[chosen], self.mean[chosen], self.m2[chosen])

    def variance(self) -> Float64:
        """Return the unbiased variance, float64 (G, S...): M2 / (n - 1), and 0 where fewer than two maps are."""
        return np.asarray(self.m2 / _beside(np.maximum(self.count - 1, 1), self.m2.shape))
