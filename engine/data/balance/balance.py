"""Balance a training set: which pictures are made of which, and the pictures themselves.

Only ever given training pictures (:mod:`engine.cli.balance` sees to that): a picture that was made from a test picture,
or a test picture made from a training one, would measure memory.

How a folder that was written by ``balance`` is known, and what is not to be had from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from engine.data.balance.borderline import borderline_pairs
from engine.data.dataset import FaceDataset, Int64
from engine.data.transforms import Augmentation, augment, to_tensor
from engine.errors import DataError, UnknownNameError, UsageError
from engine.extras import extra
from engine.records import Float32, UInt8

METHODS: Final[dict[str, str]] = {
    "borderline-smote": "new pictures between two of a class, where it borders on others (imbalanced-learn)",
    "random": "copies of pictures drawn at random (imbalanced-learn)",
    "augment": "varied copies (mirrored, turned, shifted, lighter or darker) of pictures drawn at random",
}
"""How pictures can be made."""

SPACES: Final[dict[str, str]] = {
    "pixels": "neighbours are near in pixels; a new picture lies on the line between two, in pixels",
    "features": "neighbours are near in the features that the model's last layer takes; a feature vector is no "
    "picture, so the new picture lies on the line between the same two, at the same lambda, in pixels, and its own "
    "features may lie off theirs",
}
"""Where neighbours are sought, and what that means for the new picture."""

VARIED_AT_ONCE: Final = 64


@dataclass(frozen=True, eq=False)
class BalancePlan:
    """M pictures to make.

    Attributes:
        method: one of :data:`METHODS`.
        first: int64 (M,), positions of the sources in the dataset; the new picture has that one's label.
        second: int64 (M,), positions of the other sources, -1 where there is one only.
        weight: float64 (M,), lambda: the share of the second source, in [0, 0.5].
        left: classes that stay smaller than the largest: none of their pictures borders on another class.
    """

    method: str
    first: Int64
    second: Int64
    weight: NDArray[np.float64]
    left: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not len(self.first) == len(self.second) == len(self.weight):
            raise ValueError(f"expected {len(self.first)} second sources and weights, got {len(self.second)}")

    def __len__(self) -> int:
        return len(self.first)


def pixel_points(images: UInt8) -> Float32:
    """Return pictures (N, H, W[, 3]) as points float32 (N, H * W [* 3]) in [0, 1]."""
    return (images.reshape(len(images), -1) / np.float32(255)).astype(np.float32)


def plan_balance(
    method: str, dataset: FaceDataset, *, points: Float32 | None = None, neighbours: int = 5, seed: int = 0
) -> BalancePlan:
    """Choose what to make so that every class that has pictures has as many as the largest.

    Args:
        method: one of :data:`METHODS`.
        dataset: N training pictures.
        points: float32 (N, D), where borderline SMOTE seeks neighbours; None for the pixels.
        neighbours: of borderline SMOTE, 1 or more.
        seed: of every draw.

    Raises:
        UnknownNameError: no such method. MissingExtraError: imbalanced-learn is not installed.
        UsageError: there are too few pictures, or classes.
    """
    if method not in METHODS:
        raise UnknownNameError("method", method, METHODS)
    if neighbours < 1:
        raise UsageError(f"Expected 1 or more --neighbours, got {neighbours}.")
    if method != "borderline-smote":
        first = _drawn(dataset.labels, seed)
        return BalancePlan(method, first, np.full_like(first, -1), np.zeros(len(first)))
    space = pixel_points(dataset.images) if points is None else points
    pairs = borderline_pairs(space, dataset.labels, neighbours=neighbours, seed=seed)
    counts = np.bincount(dataset.labels, minlength=len(dataset.classes))
    left = tuple(
        name
        for label, name in enumerate(dataset.classes)
        if 0 < counts[label] < counts.max() and label not in pairs.built_on
    )
    return BalancePlan(method, pairs.first, pairs.second, pairs.weight, left)


def _drawn(labels: Int64, seed: int) -> Int64:
    """Return the positions (M,) of pictures drawn with replacement until all classes are as large as the largest."""
    if len(np.unique(labels)) < 2:
        raise UsageError("Expected pictures of two classes or more to balance, got one; nothing is to be done.")
    imblearn = extra("imblearn.over_sampling", "imbalanced-learn", "Random over-sampling")
    sampler = imblearn.RandomOverSampler(random_state=seed)
    sampler.fit_resample(np.arange(len(labels))[:, None], labels)
    return np.asarray(sampler.sample_indices_[len(labels) :], dtype=np.int64)


def made_pictures(dataset: FaceDataset, plan: BalancePlan, *, seed: int = 0) -> Iterator[UInt8]:
    """Yield the plan's M pictures in order, each uint8 (H, W) or (H, W, 3)."""
    if plan.method == "augment":
        yield from _varied(dataset.images, plan.first, seed)
        return
    for first, second, weight in zip(plan.first, plan.second, plan.weight, strict=True):
        yield dataset.images[first] if second < 0 else between(dataset.images[first], dataset.images[second], weight)


def between(first: UInt8, second: UInt8, weight: float) -> UInt8:
    """Return ``(1 - weight) * first + weight * second``, rounded."""
    return np.rint((1.0 - weight) * first + weight * second).astype(np.uint8)


def _varied(images: UInt8, chosen: Int64, seed: int) -> Iterator[UInt8]:
    generator = torch.Generator()
    generator.manual_seed(seed)
    how = Augmentation()
    for start in range(0, len(chosen), VARIED_AT_ONCE):
        batch = augment(to_tensor(images[chosen[start : start + VARIED_AT_ONCE]]), how, generator)
        pixels = (batch * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
        yield from (picture[..., 0] if pixels.shape[3] == 1 else picture for picture in pixels)


MANIFEST: Final = "balance.csv"
"""Says of each picture what it was made of; its presence says that the folder was balanced."""


def is_balanced(place: Path) -> bool:
    """Say whether ``place`` is a training set that ``balance`` wrote."""
    return (place / MANIFEST).is_file()


def refuse_drawing(place: Path, split: str) -> None:
    """Refuse any split but ``train`` of a balanced folder.

    Raises:
        DataError: its pictures are relatives of each other, so one held out has its parents in training.
    """
    if split != "train":
        raise DataError(
            f"'{place.name}' holds balanced training pictures only, and '{split}' drawn from them would have relatives "
            "in training; take it from the data that it was made of (train --data BALANCED --val-data ORIGINAL)."
        )
