"""A flat picture of the features: the first two principal components, from moments that are gathered in parts.

The moments are merged as in :mod:`engine.analysis.sweep.statistics` (Chan, Golub, LeVeque 1979), with outer products in
the place of squares. A component's sign is free; here its entry of the largest magnitude is positive, so that the same
features always give the same picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]


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
