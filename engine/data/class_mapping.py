"""A dataset's labels in another order of classes, by what the emotions are called; what has no place there is dropped.

CK+ has contempt and no neutral, FER2013 the reverse: a model of one is measured on the six that both have.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from engine.data.dataset import FaceDataset
from engine.errors import DataError
from engine.labels import canonical


@dataclass(frozen=True, eq=False)
class MappedDataset:
    """A dataset whose labels index other classes than its own.

    Attributes:
        dataset: the pictures that are left, in their order.
        dropped: class of the original → how many of its pictures are left out.
        without_pictures: classes asked for that the original does not have.
    """

    dataset: FaceDataset
    dropped: dict[str, int]
    without_pictures: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {"dropped": self.dropped, "without_pictures": list(self.without_pictures)}

    def in_words(self) -> str:
        """Return what was dropped and what is missing as a sentence or two, empty where there is nothing to say."""
        words = ""
        if self.dropped:
            listed = ", ".join(f"{name} ({count:,})" for name, count in self.dropped.items())
            words = f"Left out, since the model has no such class: {listed}."
        if self.without_pictures:
            listed = ", ".join(self.without_pictures)
            words += f" The dataset has no {listed}; where the model answers so, it is wrong."
        return words.strip()


def map_classes(dataset: FaceDataset, classes: tuple[str, ...]) -> MappedDataset:
    """Give the pictures of ``dataset`` labels that index ``classes``.

    Two names mean the same where :func:`engine.labels.canonical` says so.

    Raises:
        DataError: they have no class in common, or no picture of one.
    """
    place = {canonical(name) or name: index for index, name in enumerate(classes)}
    new = np.array([place.get(canonical(name) or name, -1) for name in dataset.classes], dtype=np.int64)
    labels = new[dataset.labels]
    if not (labels >= 0).any():
        raise DataError(
            f"Expected a picture of {', '.join(classes)} in '{dataset.name}', which has "
            f"{', '.join(dataset.classes)}; choose another dataset."
        )
    kept = dataset.subset(labels >= 0)
    counts = dataset.class_counts()
    return MappedDataset(
        dataset=replace(kept, classes=classes, labels=labels[labels >= 0]),
        dropped={name: counts[name] for index, name in enumerate(dataset.classes) if new[index] < 0 and counts[name]},
        without_pictures=tuple(name for index, name in enumerate(classes) if index not in new),
    )
