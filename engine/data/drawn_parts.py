"""Which part of a dataset each picture belongs to, where its source does not say: drawn, the same way every time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from engine.data.dataset import Int64
from engine.data.read.gather import Picture
from engine.data.splits import assign_splits, assign_subjects, duplicate_groups
from engine.errors import DataError

VALIDATION_SHARE: Final = 0.1
TEST_SHARE: Final = 0.1


def draw_parts(pictures: Sequence[Picture], seed: int) -> list[str | None]:
    """Return each picture's part as the source says, or, where it says none, drawn 80/10/10.

    Where the people are known, they are drawn, and none may be in two parts.

    Raises:
        DataError: the source has a person in two parts, or too few to draw.
    """
    parts: list[str | None] = [picture.split for picture in pictures]
    subjects = subjects_of(pictures)
    if not any(parts):
        shares = {"val": VALIDATION_SHARE, "test": TEST_SHARE}
        if subjects:
            return list(assign_subjects(subjects, shares=shares, seed=seed))
        parts = list(assign_splits(*_drawn_by(pictures), shares=shares, seed=seed))
    part_of: dict[str, str | None] = {}
    for subject, part in zip(subjects or (), parts, strict=subjects is not None):
        if part_of.setdefault(subject, part) != part:
            raise DataError(
                f"Expected each person in one part, but '{subject}' is in {part_of[subject]} and in {part}; move the "
                "pictures of a person together, or give class folders alone."
            )
    return parts


def subjects_of(pictures: Sequence[Picture]) -> tuple[str, ...] | None:
    """Return the people shown, or None where not all are known."""
    names = tuple(picture.subject for picture in pictures)
    return names if names and all(names) else None


def draw_val(pictures: Sequence[Picture], parts: Sequence[str | None], seed: int) -> list[str | None]:
    """Return ``parts`` with ``val`` drawn from ``train`` where there is none."""
    named = list(parts)
    if "val" not in named:
        inside = [i for i, part in enumerate(named) if part == "train"]
        training = [pictures[i] for i in inside]
        shares = {"val": VALIDATION_SHARE}
        if (subjects := subjects_of(training)) is not None:
            drawn = assign_subjects(subjects, shares=shares, seed=seed)
        else:
            drawn = assign_splits(*_drawn_by(training), shares=shares, seed=seed)
        for i, part in zip(inside, drawn, strict=True):
            named[i] = part
    return named


def _drawn_by(pictures: Sequence[Picture]) -> tuple[Int64, Int64, list[str]]:
    """Return labels (N,), duplicate groups (N,) and ids: what a draw depends on."""
    labels = np.array([picture.label for picture in pictures], dtype=np.int64)
    return labels, duplicate_groups([picture.digest for picture in pictures]), [picture.id for picture in pictures]
