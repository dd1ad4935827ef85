"""Count, mean and variance of maps, gathered in parts that can be merged.

[1] T. F. Chan, G. H. Golub, R. J. LeVeque. Updating formulae and a pairwise algorithm for computing sample variances.
    Stanford University STAN-CS-79-773, 1979, eq. 2.1: with d = mean_b - mean_a and n = n_a + n_b,
    mean = mean_a + d n_b / n and M2 = M2_a + M2_b + d² n_a n_b / n.

Everything is float64, so that the order of merging matters in the last digits only; counts are integers and exact.
Letters: B pictures, G groups, S... the map's native shape, (h, w) or (C,).

A flat picture of the features: the first two principal components, from moments that are gathered in parts.

The moments are merged as in :mod:`engine.analysis.sweep.statistics` (Chan, Golub, LeVeque 1979), with outer products in
the place of squares. A component's sign is free; here its entry of the largest magnitude is positive, so that the same
features always give the same picture.

The few figures that are kept of each map of each picture: entropy, peak and centre.

Of a map only what is positive counts, as shares p of its sum; a map without any has no figures (NaN).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

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


@dataclass(frozen=True, eq=False)
class Moments:
    """Count, mean (D,) and scatter (D, D) of features, float64; scatter = sum of (x - mean)(x - mean)ᵀ."""

    count: int
    mean: Float64
    scatter: Float64

    @classmethod
    def of(cls, features: NDArray[np.floating]) -> Moments:
        """Gather features (B, D), B >= 1."""
        x = features.astype(np.float64)
        mean = x.mean(axis=0)
        return cls(len(x), mean, (x - mean).T @ (x - mean))

    def merge(self, other: Moments) -> Moments:
        """Return the moments of both sets together."""
        count = self.count + other.count
        apart = other.mean - self.mean
        scatter = self.scatter + other.scatter + np.outer(apart, apart) * (self.count * other.count / count)
        return Moments(count, self.mean + apart * (other.count / count), scatter)


@dataclass(frozen=True, eq=False)
class Plane:
    """Two principal directions of D features.

    Attributes:
        mean: float64 (D,). axes: float64 (2, D), unit length (zeros where the features have but one dimension).
        explained: float64 (2,), each axis's share of the variance, in [0, 1].
    """

    mean: Float64
    axes: Float64
    explained: Float64

    def project(self, features: NDArray[np.floating]) -> Float64:
        """Return float64 (B, 2) of features (B, D)."""
        return np.asarray((features.astype(np.float64) - self.mean) @ self.axes.T)


def fit_plane(moments: Moments) -> Plane:
    """Find the two directions of the largest variance."""
    values, vectors = np.linalg.eigh(moments.scatter)
    total = float(np.trace(moments.scatter))
    axes = np.zeros((2, len(moments.mean)))
    explained = np.zeros(2)
    for place in range(min(2, len(values))):
        axis = vectors[:, -1 - place]
        axes[place] = axis * np.sign(axis[np.abs(axis).argmax()])
        explained[place] = max(float(values[-1 - place]), 0.0) / total if total > 0.0 else 0.0
    return Plane(moments.mean, axes, explained)


def _shares(maps: NDArray[np.floating]) -> Float64:
    """(B, ...) → (B, D) shares that sum to 1, NaN where nothing is positive."""
    positive = np.maximum(maps, 0.0).astype(np.float64).reshape(len(maps), -1)
    total = positive.sum(axis=1, keepdims=True)
    return np.asarray(positive / np.where(total > 0.0, total, np.nan))


def entropy_nats(maps: NDArray[np.floating]) -> Float64:
    """Return the entropy of each map, -sum p log p: (B, ...) → (B,), from 0 (one cell) to log D (even), in nats."""
    return _entropy(_shares(maps))


def _entropy(p: Float64) -> Float64:
    return np.asarray(entr(p).sum(axis=1))


@dataclass(frozen=True, eq=False)
class Places:
    """Where B maps are strong.

    Attributes:
        peak_row, peak_column: float64 (B,), the cell of the largest value (of several the first), NaN without any.
        centre_x, centre_y: float64 (B,), the centre of mass as a fraction of the picture's width and height.
    """

    peak_row: Float64
    peak_column: Float64
    centre_x: Float64
    centre_y: Float64


def places(maps: NDArray[np.floating]) -> Places:
    """Find peak and centre of maps (B, h, w)."""
    return _places(maps, _shares(maps))


def entropy_and_places(maps: NDArray[np.floating]) -> tuple[Float64, Places]:
    """Return :func:`entropy_nats` and :func:`places` of maps (B, h, w), whose shares are worked out once for both."""
    p = _shares(maps)
    return _entropy(p), _places(maps, p)


def _places(maps: NDArray[np.floating], p: Float64) -> Places:
    height, width = maps.shape[1:]
    some = np.isfinite(p[:, 0])
    row, column = np.divmod(maps.reshape(len(maps), -1).argmax(axis=1), width)
    y, x = np.meshgrid((np.arange(height) + 0.5) / height, (np.arange(width) + 0.5) / width, indexing="ij")
    centre_x, centre_y = (p @ np.stack([x.ravel(), y.ravel()], axis=1)).T
    return Places(
        peak_row=np.where(some, row, np.nan),
        peak_column=np.where(some, column, np.nan),
        centre_x=centre_x,
        centre_y=centre_y,
    )


def peak_channel(gates: NDArray[np.floating]) -> NDArray[np.int64]:
    """Return the channel with the largest weight (of several the first): (B, C) → int64 (B,)."""
    return np.asarray(gates.argmax(axis=1), dtype=np.int64)
