"""A labelled set of face pictures held in memory, and the files that did not make it in.

A dataset's labels in another order of classes, by what the emotions are called; what has no place there is dropped.

CK+ has contempt and no neutral, FER2013 the reverse: a model of one is measured on the six that both have.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.data.people import NOT_TOLD, People
from engine.errors import DataError
from engine.labels import canonical
from engine.records import FaceSample, Float32, UInt8

Int64 = NDArray[np.int64]
Bool = NDArray[np.bool_]

_REASONS: Final = 3
"""Reasons that a sentence gives at most; ``audit --json`` lists every file with its own."""


@dataclass(frozen=True)
class SkippedFile:
    """A file or row that is not in the dataset, and why.

    Attributes:
        id: its name in the source. reason: what is the matter, details after a colon.
        unreadable: it was meant as a picture and is damaged.
        by_votes: it is a good picture, to which people's votes give no label.
    """

    id: str
    reason: str
    unreadable: bool = field(default=False, compare=False)
    by_votes: bool = field(default=False, compare=False)


def left_out_words(skipped: Sequence[SkippedFile]) -> str:
    """Say in a sentence or two what is not in a dataset; empty where nothing is left out."""
    damaged = [file for file in skipped if file.unreadable]
    voted = [file for file in skipped if file.by_votes]
    others = [file for file in skipped if not (file.unreadable or file.by_votes)]
    words = []
    if voted:
        found = Counter(file.reason.partition(":")[0] for file in voted).most_common()
        listed = ", ".join(f"{reason} ({count:,})" for reason, count in found)
        words.append(f"{len(voted):,} pictures have no label by the votes and are left out: {listed}.")
    if damaged:
        words.append(f"{len(damaged):,} files could not be read, for example {damaged[0].id}: {damaged[0].reason}.")
    if others:
        reasons = Counter(file.reason.partition(":")[0] for file in others).most_common()
        listed = "; ".join(f"{count:,}: {reason}" for reason, count in reasons[:_REASONS])
        more = f"; {len(reasons) - _REASONS} more reasons" if len(reasons) > _REASONS else ""
        words.append(
            f"{len(others):,} files or rows are no part of the data, for example {others[0].id} ({listed}{more})."
        )
    return " ".join(words)


def _expect(condition: bool, expected: str, came: object) -> None:
    if not condition:
        raise ValueError(f"expected {expected}, got {came}")


@dataclass(frozen=True, eq=False)
class FaceDataset:
    """N pictures of one size with their labels, as uint8 in memory.

    Attributes:
        name: the dataset's promised name, for example ``fer2013``.
        split: the split these pictures are.
        classes: the K class names; a label indexes them.
        images: uint8, (N, H, W) grey or (N, H, W, 3) RGB, 0-255.
        labels: int64, (N,), 0 to K-1.
        ids: N distinct names that stay the same between a folder and its archive, for example
            ``test/happy/PrivateTest_1.jpg``; ``<usage>/<class>/<row>`` for a CSV.
        duplicate_group: int64, (N,); the same number means the same decoded pixels before resizing.
        skipped: files and rows that could not be read or were dropped, each with its reason.
        in_train: bool, (N,): whether an exact copy of the picture lies in the whole training set; None where the
            question makes no sense (the training pictures themselves).
        subjects: N names of the people shown, where the dataset tells them; else None.
        votes: int64 (N, 10), what people said of each picture, all 0 where nobody was asked (see
            :data:`engine.data.votes.file.VOTE_COLUMNS`); None where there are no votes.
        targets: float32 (N, K), rows sum to 1, what is to be learnt in place of the labels; None for the labels.
        codes: what class numbers were read as, in words, where there were any to read.
        people: whether nobody in this split is in another one, too.
        training_looks: uint8 (M, 48, 48), grey: the whole training set, where it was asked for beside a test split.
    """

    name: str
    split: str
    classes: tuple[str, ...]
    images: UInt8
    labels: Int64
    ids: tuple[str, ...]
    duplicate_group: Int64
    skipped: tuple[SkippedFile, ...] = ()
    in_train: Bool | None = None
    subjects: tuple[str, ...] | None = None
    votes: Int64 | None = None
    targets: Float32 | None = None
    codes: str = ""
    people: People = NOT_TOLD
    training_looks: UInt8 | None = None

    def __post_init__(self) -> None:
        shape = self.images.shape
        picture = len(shape) == 3 or (len(shape) == 4 and shape[3] == 3)
        _expect(
            self.images.dtype == np.uint8 and picture,
            "images as uint8 with shape (N, H, W) or (N, H, W, 3)",
            f"{self.images.dtype} with shape {shape}",
        )
        count = shape[0]
        for name, array in (("labels", self.labels), ("duplicate_group", self.duplicate_group)):
            _expect(
                array.dtype == np.int64 and array.shape == (count,),
                f"{name} as int64 with shape ({count},)",
                f"{array.dtype} with shape {array.shape}",
            )
        if self.in_train is not None:
            _expect(
                self.in_train.dtype == np.bool_ and self.in_train.shape == (count,),
                f"in_train as bool with shape ({count},)",
                f"{self.in_train.dtype} with shape {self.in_train.shape}",
            )
        if self.subjects is not None:
            _expect(len(self.subjects) == count, f"{count} subjects", len(self.subjects))
        if self.votes is not None:
            _expect(self.votes.shape[:1] == (count,), f"votes on {count} pictures", self.votes.shape)
        if self.targets is not None:
            _expect(
                self.targets.dtype == np.float32 and self.targets.shape == (count, len(self.classes)),
                f"targets as float32 with shape ({count}, {len(self.classes)})",
                f"{self.targets.dtype} with shape {self.targets.shape}",
            )
        _expect(len(self.ids) == count, f"{count} ids", len(self.ids))
        _expect(len(set(self.ids)) == count, "distinct ids", f"{count - len(set(self.ids))} repeated")
        _expect(len(set(self.classes)) == len(self.classes) > 0, "distinct class names", self.classes)
        if count:
            low, high = int(self.labels.min()), int(self.labels.max())
            _expect(low >= 0 and high < len(self.classes), f"labels 0 to {len(self.classes) - 1}", f"{low} to {high}")

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: int) -> FaceSample:
        """Return picture ``index`` as a record; negative indices count from the end."""
        return FaceSample(
            id=self.ids[index],
            image=self.images[index],
            label=int(self.labels[index]),
            split=self.split,
            source=self.name,
        )

    def __iter__(self) -> Iterator[FaceSample]:
        return (self[index] for index in range(len(self)))

    def subset(self, indices: Sequence[int] | Int64 | Bool) -> FaceDataset:
        """Return the pictures at ``indices`` (positions, or a boolean mask of length N) in that order."""
        chosen = np.asarray(indices)
        if chosen.dtype == np.bool_:
            _expect(chosen.shape == (len(self),), f"a mask of length {len(self)}", chosen.shape)
            chosen = np.flatnonzero(chosen)
        chosen = chosen.astype(np.int64)
        return replace(
            self,
            images=self.images[chosen],
            labels=self.labels[chosen],
            ids=tuple(self.ids[index] for index in chosen),
            duplicate_group=self.duplicate_group[chosen],
            in_train=None if self.in_train is None else self.in_train[chosen],
            subjects=None if self.subjects is None else tuple(self.subjects[index] for index in chosen),
            votes=None if self.votes is None else self.votes[chosen],
            targets=None if self.targets is None else self.targets[chosen],
        )

    def class_counts(self) -> dict[str, int]:
        """Return how many pictures each class has, in the order of ``classes``, zeros included."""
        counts = np.bincount(self.labels, minlength=len(self.classes))
        return {name: int(count) for name, count in zip(self.classes, counts, strict=True)}

    @cached_property
    def fingerprint(self) -> str:
        """The sha256 (64 hex digits) of class names, ids, labels, pixels and any targets.

        Equal means the same data in the same order.
        """
        digest = hashlib.sha256()
        for part in ("\n".join(self.classes), "\n".join(self.ids), str(self.images.shape)):
            digest.update(part.encode() + b"\0")
        digest.update(np.ascontiguousarray(self.labels, dtype="<i8").tobytes())
        digest.update(np.ascontiguousarray(self.images).data)
        if self.targets is not None:
            digest.update(np.ascontiguousarray(self.targets, dtype="<f4").tobytes())
        return digest.hexdigest()


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
        # Targets are shares of the old classes; who maps classes goes by the labels.
        dataset=replace(kept, classes=classes, labels=labels[labels >= 0], targets=None),
        dropped={name: counts[name] for index, name in enumerate(dataset.classes) if new[index] < 0 and counts[name]},
        without_pictures=tuple(name for index, name in enumerate(classes) if index not in new),
    )


def together(parts: Sequence[FaceDataset], split: str) -> FaceDataset:
    """Return the pictures of several splits of one dataset, whose ids differ, after one another, as ``split``."""
    offsets = np.cumsum([0, *(int(part.duplicate_group.max(initial=-1)) + 1 for part in parts)])
    return replace(
        parts[0],
        split=split,
        images=np.concatenate([part.images for part in parts]),
        labels=np.concatenate([part.labels for part in parts]),
        ids=tuple(picture_id for part in parts for picture_id in part.ids),
        duplicate_group=np.concatenate(
            [part.duplicate_group + offset for part, offset in zip(parts, offsets, strict=False)]
        ),
        skipped=tuple(file for part in parts for file in part.skipped),
        in_train=None,
        subjects=None,
        votes=None,
        targets=None,
    )
