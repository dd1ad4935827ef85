"""Training on several datasets at once: their pictures together, drawn from each as often as is asked.

The first dataset's classes are the model's; pictures of the others whose class it lacks are left out. A training
picture that another dataset has for validation would choose the epoch by memory, so exact copies of those do not train.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.data.dataset import FaceDataset, map_classes
from engine.data.read.sources import pixel_digest
from engine.data.registry import load_dataset
from engine.errors import UsageError
from engine.records import InputSpec
from engine.training.sections import Recipe

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class OtherData:
    """One more dataset: its name in :data:`engine.data.registry.dataset_names` and where it lies."""

    dataset: str
    place: Path


@dataclass(frozen=True, eq=False)
class Together:
    """What trains and what chooses.

    Attributes:
        train, val: the pictures of all datasets, in the order given.
        sampling: float32 (N,), how often each training picture is drawn, in proportion; None: each once an epoch.
        described: what the card says beside the first dataset; empty where there is but one.
    """

    train: FaceDataset
    val: FaceDataset
    sampling: Tensor | None = None
    described: dict[str, Any] = field(default_factory=dict)


def limited(dataset: FaceDataset, limit: int | None) -> FaceDataset:
    """Take every n-th picture so that ``limit`` remain; the first ones would all be of one class."""
    if limit is None or limit >= len(dataset):
        return dataset
    step = len(dataset) / limit
    return dataset.subset([int(index * step) for index in range(limit)])


def join(
    train: FaceDataset,
    val: FaceDataset,
    recipe: Recipe,
    others: Sequence[OtherData],
    *,
    spec: InputSpec,
    limit: int | None = None,
    drop_unknown: bool = False,
) -> Together:
    """Add ``others`` to the first dataset's pictures; without others, return these as they are.

    Raises:
        UsageError: the recipe does not have one weight for each dataset, or plants marks.
        FerLensError: a dataset cannot be read, or has no class of the first.
    """
    weights = recipe.data.weights
    if weights and len(weights) != len(others) + 1:
        raise UsageError(
            f"Expected one sampling weight for each dataset, got {len(weights)} for {len(others) + 1}; give --weights "
            "in the order of --data."
        )
    if not others:
        return Together(train, val)
    _refuse_alone(recipe)
    trains, vals = [train], [val]
    said: list[dict[str, Any]] = [{"dataset": recipe.data.dataset}]
    for other in others:
        dropped: Counter[str] = Counter()
        for split, kept in ((recipe.data.train, trains), (recipe.data.val, vals)):
            loaded = load_dataset(
                other.dataset,
                split,
                data=other.place,
                drop_unknown=drop_unknown,
                size=spec.size,
                channels=spec.channels,
                clips=recipe.data.clips,
            )
            mapped = map_classes(limited(loaded, limit), train.classes)
            if mapped.dropped:
                _LOG.info("%s %s: %s", other.dataset, split, mapped.in_words())
                dropped.update(mapped.dropped)
            kept.append(mapped.dataset)
        said.append({"dataset": other.dataset, "dropped": dict(dropped)})
    trains, copies = _without_copies(trains, vals)
    for entry, one, chosen, left_out in zip(said, trains, vals, copies, strict=True):
        entry |= {"train": len(one), "val": len(chosen), "copies_of_val_left_out": left_out}
    if weights:
        for entry, weight in zip(said, weights, strict=True):
            entry["weight"] = weight
    return Together(_concatenated(trains), _concatenated(vals), _sampling(trains, weights), {"datasets": said})


def _refuse_alone(recipe: Recipe) -> None:
    """Refuse a recipe that trains on one dataset only."""
    if recipe.votes.target != "labels":
        raise UsageError("A recipe that learns people's votes trains on one dataset; give one --data.")
    if recipe.data.marked:
        raise UsageError("A recipe with marked = true trains on the built-in faces alone; give one dataset.")


def _without_copies(trains: list[FaceDataset], vals: list[FaceDataset]) -> tuple[list[FaceDataset], list[int]]:
    """Return the training sets without pictures that are in any validation set, and how many each lost."""
    held_out = {pixel_digest(image) for val in vals for image in val.images}
    kept = [
        one.subset([n for n, image in enumerate(one.images) if pixel_digest(image) not in held_out]) for one in trains
    ]
    return kept, [len(one) - len(left) for one, left in zip(trains, kept, strict=True)]


def _concatenated(parts: Sequence[FaceDataset]) -> FaceDataset:
    """Put sets with the same classes after one another; an id begins with the number of its set."""
    offsets = np.cumsum([0, *(int(part.duplicate_group.max(initial=-1)) + 1 for part in parts)])
    return replace(
        parts[0],
        images=np.concatenate([part.images for part in parts]),
        labels=np.concatenate([part.labels for part in parts]),
        ids=tuple(f"{number}:{one}" for number, part in enumerate(parts, start=1) for one in part.ids),
        duplicate_group=np.concatenate(
            [part.duplicate_group + offset for part, offset in zip(parts, offsets, strict=False)]
        ),
        skipped=tuple(file for part in parts for file in part.skipped),
        in_train=None,
        subjects=None,
        votes=None,
        people=next((part.people for part in parts if not part.people.apart), parts[0].people),
    )


def _sampling(parts: Sequence[FaceDataset], weights: tuple[float, ...]) -> Tensor | None:
    """Return each picture's weight so that the sets are drawn from in proportion to theirs, whatever their sizes."""
    if not weights:
        return None
    each = [np.full(len(part), weight / max(len(part), 1)) for part, weight in zip(parts, weights, strict=True)]
    return torch.from_numpy(np.concatenate(each).astype(np.float32))
