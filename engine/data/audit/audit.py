"""What is wrong with a dataset, by its pictures alone: copies, leaks between splits, conflicting labels, blanks.

Looked for, and how surely:

- *exact copies*: every decoded pixel is equal (:func:`engine.data.read.sources.pixel_digest`); certain.
- *near copies*: two perceptual hashes agree (:mod:`engine.data.audit.groups`); a few different pictures may come
  together, and copies that are mirrored, turned or cropped are missed. Not looked for among the built-in faces, which
  are drawn one by one: their few heads and haircuts look alike to a hash (measured: 982 pairs among 17,000).
- *blanks*: a spread of grey values below :data:`BLANK_SPREAD`; certain, since nothing can be seen on them.

Pictures of text and cartoons are not looked for: without a trained detector they are not told from faces reliably.
Labels that a model finds suspect are another thing (:mod:`engine.analysis.audited`): they need a model.

The mean face of each class and how much its pictures spread about it, pixel by pixel.

A few pictures of each class, drawn at random.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from engine.data.audit.groups import (
    NEAR_BITS,
    PictureGroup,
    check_bits,
    exact_groups,
    has_copy_in_train,
    near_groups,
    straddling,
)
from engine.data.audit.source import AuditedPictures
from engine.data.dataset import Bool, Int64, SkippedFile
from engine.data.people import DRAWN_ANEW, KEPT_APART, NOT_TOLD, People, of_torn, torn_people
from engine.records import Float32, UInt8
from engine.statistics.frequent import ShownClasses

BLANK_SPREAD: Final = 2.0
"""Standard deviation of the grey values (0-255) below which a picture counts as blank."""

LEAK_SHARE: Final = 0.2
"""The share of pictures with a copy or near copy in training from which a split measures memory, and no part of it is
called clean. FER2013's halves of the test set have 12 and 13 %; a split of a clip's frames picture by picture, 90 %."""

NOT_LOOKED_FOR: Final[dict[str, str]] = {
    "text and cartoons": "not told from faces reliably without a detector trained for it",
    "mirrored, turned or cropped copies": "the hashes change with them",
}
"""What every audit leaves out, and why."""
NO_NEAR_COPIES: Final = ("near copies", "each of these faces is drawn anew, so hashes find mere look-alikes")
"""What an audit of drawn pictures leaves out, too."""


@dataclass(frozen=True)
class CleanCount:
    """A part that is kept apart from training, and how much of it training has seen.

    Attributes:
        pictures: how many it has.
        copied: of those, with an exact copy in the training set.
        nearly_copied: of the others, with a near copy there.
    """

    pictures: int
    copied: int
    nearly_copied: int

    @property
    def clean(self) -> int:
        """Pictures without an exact copy in the training set: what ``n_clean`` counts in every evaluation."""
        return self.pictures - self.copied

    @property
    def share(self) -> float:
        """The share, in [0, 1], of pictures with an exact or a near copy in the training set."""
        return (self.copied + self.nearly_copied) / max(self.pictures, 1)

    @property
    def leaks(self) -> bool:
        """Whether so many have one that a figure on this part measures memory."""
        return self.share >= LEAK_SHARE

    def conclusion(self, part: str) -> str:
        """Return in a sentence what that means for figures on ``part``."""
        seen = self.copied + self.nearly_copied
        if self.leaks:
            return (
                f"{part} leaks: {seen:,} of its {self.pictures:,} pictures ({100 * self.share:.1f} %) have a copy or a "
                f"near copy in the training set, so a figure on it measures memory; split by people, or by clips."
            )
        if seen:
            return (
                f"{part} leaks a little: {seen:,} of its {self.pictures:,} pictures ({100 * self.share:.1f} %) have a "
                f"copy or a near copy in the training set; report figures without them, too."
            )
        return f"{part}: no copy or near copy of its {self.pictures:,} pictures was found in the training set."

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "n": self.pictures,
            "exact_copy_in_train": self.copied,
            "near_copy_in_train": self.nearly_copied,
            "n_clean": self.clean,
        }


@dataclass(frozen=True, eq=False)
class DataAudit:
    """What was found.

    Attributes:
        pictures: what was looked at, N pictures of K classes.
        exact: groups of exact copies. near: groups of distinct pictures that look alike.
        near_bits: how many bits may differ in each hash of a near copy.
        blank: bool (N,): pictures without content.
        copied: bool (N,): outside the training set, with an exact copy inside.
        nearly_copied: bool (N,): outside, with a near copy inside and no exact one.
    """

    pictures: AuditedPictures
    exact: tuple[PictureGroup, ...]
    near: tuple[PictureGroup, ...]
    near_bits: int
    blank: Bool
    copied: Bool
    nearly_copied: Bool

    @property
    def distinct(self) -> int:
        """How many pictures there are that differ in a pixel."""
        return int(self.pictures.duplicate_group.max()) + 1

    @property
    def conflicts(self) -> tuple[PictureGroup, ...]:
        """The groups of exact copies that are labelled differently."""
        return tuple(group for group in self.exact if group.conflicting)

    @property
    def leaks(self) -> tuple[PictureGroup, ...]:
        """The groups of exact copies between the training set and a part kept apart from it."""
        return tuple(group for group in self.exact if group.leaks)

    def balance(self) -> dict[str, dict[str, int]]:
        """Return split → class → pictures, zeros included."""
        classes, labels = self.pictures.classes, self.pictures.labels
        splits = np.array(self.pictures.splits)
        return {
            split: dict(
                zip(classes, np.bincount(labels[splits == split], minlength=len(classes)).tolist(), strict=True)
            )
            for split in self.pictures.split_names
        }

    def clean(self) -> dict[str, CleanCount]:
        """Return, for each part of the source but the training set, how much of it training has seen."""
        parts = np.array(self.pictures.parts)
        return {
            part: CleanCount(
                int((parts == part).sum()),
                int(self.copied[parts == part].sum()),
                int(self.nearly_copied[parts == part].sum()),
            )
            for part in self.pictures.part_names
            if part != "train"
        }

    @property
    def people(self) -> People:
        """Whether nobody is in two splits."""
        pictures = self.pictures
        if pictures.drawn:
            return DRAWN_ANEW
        if pictures.subjects is None:
            return NOT_TOLD
        torn = torn_people(pictures.subjects, pictures.splits)
        return of_torn(torn) if torn else KEPT_APART

    def conclusion(self) -> tuple[str, ...]:
        """Return what all this means for figures: what training has seen of each part, and whether of its people."""
        people = self.people.in_words()
        return (*(count.conclusion(part) for part, count in self.clean().items()), f"{people[0].upper()}{people[1:]}.")


def blanks(images: UInt8) -> Bool:
    """Return bool (N,): which of the grey pictures (N, S, S) uint8 spread less than :data:`BLANK_SPREAD`."""
    flat = images.reshape(len(images), -1)
    # A picture at a time is exact and needs no float copy of the whole set.
    return np.array([float(picture.std()) < BLANK_SPREAD for picture in flat], dtype=np.bool_)


def audit(pictures: AuditedPictures, *, near_bits: int = NEAR_BITS) -> DataAudit:
    """Look through a dataset.

    Raises:
        UsageError: ``near_bits`` is out of range.
    """
    check_bits(near_bits)
    blank = blanks(pictures.images)
    exact = exact_groups(pictures)
    near = () if pictures.drawn else near_groups(pictures, blank, near_bits)
    copied = has_copy_in_train(pictures, exact)
    return DataAudit(
        pictures=pictures,
        exact=exact,
        near=near,
        near_bits=near_bits,
        blank=blank,
        copied=copied,
        nearly_copied=has_copy_in_train(pictures, near) & ~copied,
    )


def audit_document(found: DataAudit) -> dict[str, Any]:
    """Return what ``python -m engine audit --json`` prints: counts, and the ids behind each."""
    pictures = found.pictures
    across = straddling(found.exact)
    across_near = straddling(found.near)
    return {
        "dataset": pictures.name,
        "pictures": len(pictures),
        "distinct": found.distinct,
        "skipped": [_skipped(file) for file in pictures.skipped],
        "classes": list(pictures.classes),
        "balance": found.balance(),
        "exact": {
            "groups": len(found.exact),
            "pictures": sum(len(group.members) for group in found.exact),
            "largest": max((len(group.members) for group in found.exact), default=0),
            "conflicting_labels": len(found.conflicts),
            "straddling_train_and_other": across.train_and_other,
            "straddling_any_two_parts": across.any_two_parts,
            "straddling_by_parts": across.by_parts,
        },
        "near": {
            "bits": found.near_bits,
            "groups": len(found.near),
            "distinct_pictures": sum(group.distinct for group in found.near),
            "largest": max((group.distinct for group in found.near), default=0),
            "conflicting_labels": sum(group.conflicting for group in found.near),
            "straddling_train_and_other": across_near.train_and_other,
            "straddling_any_two_parts": across_near.any_two_parts,
            "straddling_by_parts": across_near.by_parts,
        },
        "blank": [pictures.ids[position] for position in np.flatnonzero(found.blank)],
        "clean": {part: count.as_dict() for part, count in found.clean().items()},
        "leaks": [part for part, count in found.clean().items() if count.leaks],
        "person_independent": found.people.apart,
        "people": found.people.in_words(),
        "conclusion": list(found.conclusion()),
        "exact_groups": [_ids(pictures, group) for group in found.exact],
        "near_groups": [_ids(pictures, group) for group in found.near],
        "not_looked_for": {**NOT_LOOKED_FOR, **({NO_NEAR_COPIES[0]: NO_NEAR_COPIES[1]} if pictures.drawn else {})},
    }


def _skipped(file: SkippedFile) -> dict[str, str]:
    return {"id": file.id, "reason": file.reason}


def _ids(pictures: AuditedPictures, group: PictureGroup) -> list[str]:
    return [pictures.ids[member] for member in group.members]


@dataclass(frozen=True, eq=False)
class ClassFaces:
    """Means of K classes over pictures of S x S pixels; a class without pictures is zero everywhere.

    Attributes:
        classes: K names.
        count: int64 (K,), how many pictures each has.
        mean: float32 (K, S, S), grey values 0-255.
        spread: float32 (K, S, S), standard deviation of each pixel over the class (dividing by n), grey values.
        middle: float32 (S, S), the mean of the means of all classes, where these are only some; else None.
    """

    classes: tuple[str, ...]
    count: Int64
    mean: Float32
    spread: Float32
    middle: Float32 | None = None

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
        middle = self.mean[there].mean(axis=0) if self.middle is None else self.middle
        return np.where(there[:, None, None], self.mean - middle, 0.0).astype(np.float32)

    def pick(self, shown: ShownClasses) -> ClassFaces:
        """Return those of some classes; differences stay those from all."""
        if shown.are_all:
            return self
        places, there = list(shown.places), self.count > 0
        middle = self.mean[there].mean(axis=0) if there.any() else None
        return ClassFaces(shown.names, self.count[places], self.mean[places], self.spread[places], middle)


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


def class_sample(labels: Int64, classes: int, most: int, *, seed: int = 0) -> tuple[Int64, ...]:
    """Draw up to ``most`` positions of each class without repeating any: one int64 array a class, in drawn order.

    Args:
        labels: int64 (N,). classes: K.
        most: pictures a class at most.
        seed: another seed, another sample; 0 or more.
    """
    return tuple(
        np.random.default_rng((seed, label)).permutation(np.flatnonzero(labels == label))[:most].astype(np.int64)
        for label in range(classes)
    )
