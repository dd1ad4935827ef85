"""The data set ``ferplus``: the pictures of FER2013 with what people voted in place of the labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from engine.data.dataset import FaceDataset, SkippedFile
from engine.data.votes.rules import CLASSES, VoteChoice, label_by, votes_in_words
from engine.errors import DataError

FERPLUS: Final = "ferplus"

FERPLUS_SPLITS: Final[dict[str, str]] = {
    "FER2013Train": "trainval",
    "FER2013Valid": "public",
    "FER2013Test": "private",
}
"""FER+'s own names of its splits → ours. Its validation split is PublicTest, which chooses nothing here."""


def by_votes(dataset: FaceDataset, choice: VoteChoice) -> FaceDataset:
    """Return the pictures of ``dataset`` that a rule gives a label, with that label, and list the others as skipped.

    Args:
        dataset: with votes and FER2013's labels.
        choice: the rule. With a ``weight`` below 1 the rest of each target is the picture's own label.

    Returns:
        Labels and, except for whole majorities, targets over the choice's classes.

    Raises:
        DataError: no picture is left.
    """
    if dataset.votes is None:
        raise ValueError("expected a dataset with votes, got one without")
    made = label_by(choice, dataset.votes)
    classes = CLASSES[choice.classes]
    kept = np.flatnonzero(made.labels >= 0)
    if not len(kept):
        raise DataError(
            f"Expected a picture of {dataset.split} that people agree on, but all {len(dataset):,} are left out: "
            f"{left_out_in_words(made.reasons)}."
        )
    targets = made.targets[kept]
    if choice.weight < 1:
        own = np.zeros_like(targets)
        place = [classes.index(name) for name in dataset.classes]
        own[np.arange(len(kept)), np.array(place)[dataset.labels[kept]]] = 1.0
        targets = (choice.weight * targets + (1.0 - choice.weight) * own).astype(np.float32)
    hard = choice.target == "majority" and choice.weight == 1
    said = [
        SkippedFile(name, f"{reason}: {votes_in_words(votes)}" if votes.any() else reason, by_votes=True)
        for name, reason, votes in zip(dataset.ids, made.reasons, dataset.votes, strict=True)
        if reason
    ]
    part = dataset.subset(kept)
    return replace(
        part,
        classes=classes,
        labels=made.labels[kept],
        targets=None if hard else targets,
        skipped=(*dataset.skipped, *said),
    )


def left_out_in_words(reasons: Sequence[str]) -> str:
    """Return reasons counted, as ``no majority (1,234), no votes (16)``; empty ones do not count."""
    found = Counter(reason.partition(":")[0] for reason in reasons if reason)
    return ", ".join(f"{reason} ({count:,})" for reason, count in found.most_common())
