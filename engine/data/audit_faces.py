"""The mean face of each class and how much its pictures spread about it, pixel by pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.data.dataset import Int64
from engine.records import Float32, UInt8


@dataclass(frozen=True, eq=False)
class ClassFaces:
    """Means of K classes over pictures of S x S pixels; a class without pictures is zero everywhere.

    Attributes:
        classes: K names.
        count: int64 (K,), how many pictures each has.
        mean: float32 (K, S, S), grey values 0-255.
        spread: float32 (K, S, S), standard deviation of each pixel over the class (dividing by n), grey values.
    """

    classes: tuple[str, ...]
    count: Int64
    mean: Float32
    spread: Float32

    def __post_init__(self) -> None:
        shape = self.mean.shape
        if (
            not (len(self.classes) == len(self.count) == len(self.mean))
            or self.spread.shape != shape
            or len(shape) != 3
        ):
            raise ValueError(f"expected {len(self.classes)} means and spreads, got {shape} and {self.spread.shape}")

    @property
    def difference(self) -> Float32:
        """Each mean minus the mean of the means of all classes that have pictures, float32 (K, S, S)."""
        there = self.count > 0
        if not there.any():
            return self.mean.copy()
        return np.where(there[:, None, None], self.mean - self.mean[there].mean(axis=0), 0.0).astype(np.float32)


def class_faces(images: UInt8, labels: Int64, classes: tuple[str, ...]) -> ClassFaces:
    """Average grey pictures (N, S, S) uint8 by their labels (N,); sums are of whole numbers, so they are exact."""
    side = images.shape[1:]
    total = np.zeros((len(classes), *side), np.int64)
    squares = np.zeros_like(total)
    for label in range(len(classes)):
        chosen = images[labels == label]
        total[label] = chosen.sum(axis=0, dtype=np.int64)
        squares[label] = (chosen.astype(np.uint16) ** 2).sum(axis=0, dtype=np.int64)
    count = np.bincount(labels, minlength=len(classes)).astype(np.int64)
    n = np.maximum(count, 1)[:, None, None]
    return ClassFaces(
        classes=classes,
        count=count,
        mean=(total / n).astype(np.float32),
        spread=np.sqrt((n * squares - total**2) / n.astype(np.float64) ** 2).astype(np.float32),
    )
