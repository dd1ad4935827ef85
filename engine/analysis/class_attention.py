"""The record of where one gate (or Grad-CAM) looks, class by class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.analysis.sweep.statistics import MapStatistics
from engine.records import Float32

GROUPS: Final[tuple[str, ...]] = ("all", "right", "wrong")
"""Which pictures of a class: all of them, or those that the model answers rightly or wrongly."""


@dataclass(frozen=True, eq=False)
class ClassAttention:
    """Count, mean and variance of one gate's weights for each of K classes, on its native grid.

    A class without pictures has count 0 and zeros; a variance (unbiased) of fewer than two pictures is 0.

    Attributes:
        layer: the gate's name, for example ``block2.spatial``, or ``gradcam.predicted``.
        count: int64 (K,).
        mean, var: float32 (K, h, w) of a spatial map, else None.
        channel_mean, channel_var: float32 (K, C) of a channel gate, else None.
    """

    layer: str
    count: NDArray[np.int64]
    mean: Float32 | None = None
    var: Float32 | None = None
    channel_mean: Float32 | None = None
    channel_var: Float32 | None = None

    def __post_init__(self) -> None:
        if self.count.dtype != np.int64 or self.count.ndim != 1 or (self.count < 0).any():
            raise ValueError(f"expected counts as int64 (K,) of 0 or more, got {self.count.dtype} {self.count.shape}")
        pairs = (("", 3, self.mean, self.var), ("channel_", 2, self.channel_mean, self.channel_var))
        if (self.mean is None) == (self.channel_mean is None):
            raise ValueError(f"expected either a mean or a channel_mean for {self.layer}, got both or neither")
        for prefix, axes, mean, var in pairs:
            if (mean is None) != (var is None):
                raise ValueError(f"expected {prefix}mean and {prefix}var of {self.layer} together, got one alone")
            if mean is None or var is None:
                continue
            for name, array in ((f"{prefix}mean", mean), (f"{prefix}var", var)):
                fits = array.ndim == axes and array.shape == mean.shape and len(array) == len(self.count)
                if array.dtype != np.float32 or not fits or not np.isfinite(array).all():
                    raise ValueError(
                        f"expected {name} of {self.layer} as finite float32 with {axes} axes for {len(self.count)} "
                        f"classes, got {array.dtype} with shape {array.shape}"
                    )
            if (var < 0).any():
                raise ValueError(f"expected {prefix}var of {self.layer} of 0 or more, got {var.min()}")

    @classmethod
    def of(cls, layer: str, statistics: MapStatistics) -> ClassAttention:
        """Make the record from statistics whose groups are the classes."""
        mean, var = statistics.mean.astype(np.float32), statistics.variance().astype(np.float32)
        if mean.ndim == 2:
            return cls(layer, statistics.count, channel_mean=mean, channel_var=var)
        return cls(layer, statistics.count, mean=mean, var=var)

    @property
    def values(self) -> tuple[Float32, Float32]:
        """Mean and variance, whichever kind of gate this is."""
        if self.mean is not None and self.var is not None:
            return self.mean, self.var
        assert self.channel_mean is not None  # noqa: S101 - checked when made
        assert self.channel_var is not None  # noqa: S101
        return self.channel_mean, self.channel_var


def by_class(layer: str, statistics: MapStatistics) -> dict[str, ClassAttention]:
    """Split statistics over 2 K groups (:func:`group_of`) into the records of :data:`GROUPS`."""
    classes = len(statistics.count) // 2
    wrong = statistics.select(range(0, 2 * classes, 2))
    right = statistics.select(range(1, 2 * classes, 2))
    found = {"all": wrong.merge(right), "right": right, "wrong": wrong}
    return {name: ClassAttention.of(layer, found[name]) for name in GROUPS}


def group_of(labels: NDArray[np.int64], right: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Number a picture's group by its label and whether it was answered rightly: 2 label + right, int64 (B,)."""
    return 2 * labels + right.astype(np.int64)
