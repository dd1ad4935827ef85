"""Every picture of a dataset at once, all splits together, as the audit looks at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from engine.data.balance.balance import is_balanced
from engine.data.dataset import FaceDataset, Int64, SkippedFile
from engine.data.drawn import SPLIT_COUNTS, load_synthetic
from engine.data.read.gather import Decoder, gather
from engine.data.read.sources import Entry
from engine.data.registry import (
    DEFAULT_SIZE,
    KINDS,
    PICTURES_OF,
    dataset_names,
    draw_parts,
    draw_val,
    find_data,
    source_entries,
    subjects_of,
)
from engine.data.splits import duplicate_groups
from engine.data.votes.ferplus import FERPLUS
from engine.data.votes.file import VoteFile, read_votes, require_votes
from engine.data.votes.join import votes_of
from engine.data.votes.rules import CLASSES, VoteChoice, label_by, votes_in_words
from engine.errors import DataError, UnknownNameError
from engine.labels import EMOTIONS, labels_of
from engine.records import UInt8

SIDE: Final = DEFAULT_SIZE
"""Side in pixels of the grey pictures that are looked at."""

SPLIT_ORDER: Final[tuple[str, ...]] = ("train", "val", "test", "public", "private")
"""The order in which splits are listed."""

Progress = Callable[[int], None]
"""Called with how many pictures have been taken up so far."""


def _expect(condition: bool, expected: str, came: object) -> None:
    if not condition:
        raise ValueError(f"expected {expected}, got {came}")


@dataclass(frozen=True, eq=False)
class AuditedPictures:
    """The N pictures of a dataset.

    Attributes:
        name: the dataset's promised name.
        classes: K names; a label indexes them.
        images: uint8 (N, 48, 48), grey.
        labels: int64 (N,), 0 to K-1.
        ids: N distinct names.
        parts: N names of where each picture lies in the source: ``train``, ``test``, ``public`` and so on. Where the
            source has class folders alone, these are drawn.
        splits: N names; as ``parts``, but with ``val`` drawn out of ``train`` where the source has none.
        duplicate_group: int64 (N,); equal numbers mean equal decoded pixels, before resizing and in colour.
        skipped: files and rows that could not be read or do not belong, each with its reason.
        subjects: N names of the people shown, where the source tells them; else None.
        drawn: whether a program drew each picture anew, so that no two come from one photograph.
    """

    name: str
    classes: tuple[str, ...]
    images: UInt8
    labels: Int64
    ids: tuple[str, ...]
    parts: tuple[str, ...]
    splits: tuple[str, ...]
    duplicate_group: Int64
    skipped: tuple[SkippedFile, ...] = ()
    drawn: bool = False
    subjects: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        count = len(self.ids)
        _expect(
            self.images.dtype == np.uint8 and self.images.shape == (count, SIDE, SIDE) and count > 0,
            f"one or more pictures as uint8 ({count}, {SIDE}, {SIDE})",
            f"{self.images.dtype} {self.images.shape}",
        )
        for name, array in (("labels", self.labels), ("duplicate_group", self.duplicate_group)):
            _expect(
                array.dtype == np.int64 and array.shape == (count,),
                f"{name} as int64 ({count},)",
                f"{array.dtype} {array.shape}",
            )
        _expect(len(self.parts) == len(self.splits) == count, f"{count} parts", (len(self.parts), len(self.splits)))
        _expect(len(set(self.ids)) == count, "distinct ids", f"{count - len(set(self.ids))} repeated")

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def split_names(self) -> tuple[str, ...]:
        """The splits that have pictures, in :data:`SPLIT_ORDER`."""
        return ordered(self.splits)

    @property
    def part_names(self) -> tuple[str, ...]:
        """The source's parts that have pictures, in :data:`SPLIT_ORDER`."""
        return ordered(self.parts)


def ordered(names: Sequence[str]) -> tuple[str, ...]:
    """Return the distinct names in :data:`SPLIT_ORDER`, unknown ones last."""
    there = set(names)
    return (*(name for name in SPLIT_ORDER if name in there), *sorted(there - set(SPLIT_ORDER)))


def read_pictures(
    name: str,
    *,
    data: str | Path | None = None,
    drop_unknown: bool = False,
    splits: Sequence[str] = tuple(SPLIT_COUNTS),
    progress: Progress | None = None,
    votes: str | Path | None = None,
    classes: Sequence[str] = (),
) -> AuditedPictures:
    """Read a whole dataset, each file once.

    Args:
        name: one of :func:`engine.data.registry.dataset_names`.
        data: as in :func:`engine.data.registry.load_dataset`.
        drop_unknown: leave out classes that the dataset does not have instead of raising.
        splits: which splits of the built-in faces to draw; of other datasets everything is read.
        progress: called now and then while reading.
        votes: of ``ferplus``, FER+'s file; None for the one that is found.
        classes: of the pictures, where they are others than the dataset's: those of the model that ``folder`` is for.

    Raises:
        UnknownNameError: for an unknown dataset. DataError: for data that is missing or cannot be read.
    """
    if name == "synthetic":
        return _drawn(splits, progress)
    if name == FERPLUS:
        seen = read_votes(require_votes(votes, data))  # before the pictures are read
        all_of_it = read_pictures(PICTURES_OF[name], data=data, drop_unknown=drop_unknown, progress=progress)
        return _by_votes(all_of_it, seen)
    if name not in KINDS:
        raise UnknownNameError("dataset to audit", name, dataset_names())
    kind = KINDS[name]
    place = find_data(name, kind.files, data)
    named_classes = tuple(classes) or kind.classes
    labels = labels_of(named_classes)
    decoder = Decoder(labels=labels, size=SIDE, channels=1, need=lambda _: "pixels")
    pictures, skipped = gather(
        _counted(source_entries(name, place), progress), decoder, drop_unknown=drop_unknown, source=place.name
    )
    if not pictures:
        raise DataError(
            f"Expected train|val|test/<class>/*, or class folders alone, in '{place.name}', but it has no pictures in "
            "such folders; point --data at the dataset itself."
        )
    parts = draw_parts(pictures, seed=0, torn=True)
    named = parts if is_balanced(place) else draw_val(pictures, parts, seed=0)
    return AuditedPictures(
        name=name,
        classes=named_classes,
        images=np.stack([picture.pixels for picture in pictures if picture.pixels is not None]),
        labels=np.array([picture.label for picture in pictures], dtype=np.int64),
        ids=tuple(picture.id for picture in pictures),
        parts=tuple(part or "unnamed" for part in parts),
        splits=tuple(part or "unnamed" for part in named),
        duplicate_group=duplicate_groups([picture.digest for picture in pictures]),
        skipped=skipped,
        subjects=subjects_of(pictures),
    )


def _by_votes(found: AuditedPictures, votes: VoteFile) -> AuditedPictures:
    """Return the pictures that people's votes give a label, with that label; the others are listed as skipped."""
    choice = VoteChoice()
    counts = votes_of(found.ids, votes)
    made = label_by(choice, counts)
    kept = np.flatnonzero(made.labels >= 0)
    if not len(kept):
        raise DataError(f"Expected a picture that people agree on, but {votes.name} has none of these {len(found):,}.")
    left_out = tuple(
        SkippedFile(name, f"{reason}: {votes_in_words(row)}" if row.any() else reason, by_votes=True)
        for name, reason, row in zip(found.ids, made.reasons, counts, strict=True)
        if reason
    )

    def only(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(names[place] for place in kept)

    return replace(
        found,
        name=FERPLUS,
        classes=CLASSES[choice.classes],
        images=found.images[kept],
        labels=made.labels[kept],
        ids=only(found.ids),
        parts=only(found.parts),
        splits=only(found.splits),
        duplicate_group=np.unique(found.duplicate_group[kept], return_inverse=True)[1].astype(np.int64),
        skipped=(*found.skipped, *left_out),
        subjects=None if found.subjects is None else only(found.subjects),
    )


def _counted(entries: Iterator[Entry], progress: Progress | None) -> Iterator[Entry]:
    for number, entry in enumerate(entries, start=1):
        if progress is not None and number % 256 == 0:
            progress(number)
        yield entry


def _drew(progress: Progress, before: int, drawn: int, _wanted: int) -> None:
    progress(before + drawn)


def _drawn(splits: Sequence[str], progress: Progress | None) -> AuditedPictures:
    """Return the built-in faces; drawing them, which is done once, takes about a minute on two cores."""
    sets: list[FaceDataset] = []
    for split in splits:
        before = sum(len(one) for one in sets)
        sets.append(
            load_synthetic(split, SIDE, progress=None if progress is None else partial(_drew, progress, before))
        )
    images = np.concatenate([one.images for one in sets])
    named = tuple(one.split for one in sets for _ in range(len(one)))
    return AuditedPictures(
        name="synthetic",
        classes=EMOTIONS,
        images=images,
        labels=np.concatenate([one.labels for one in sets]),
        ids=tuple(picture_id for one in sets for picture_id in one.ids),
        parts=named,
        splits=named,
        duplicate_group=duplicate_groups([image.tobytes() for image in images]),
        drawn=True,
    )
