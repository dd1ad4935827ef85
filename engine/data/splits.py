"""Seeded splits that never tear apart what belongs together: exact duplicates, or the pictures of one person.

Which part of a dataset each picture belongs to, where its source does not say: drawn, the same way every time.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.data.dataset import Int64
from engine.data.people import known_people, torn_people
from engine.data.read.gather import Picture
from engine.errors import DataError


def duplicate_groups(digests: Sequence[Hashable]) -> Int64:
    """Number pictures by their digest: int64 (N,), equal digests share a number, counted up in order of appearance."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(digest, len(numbers)) for digest in digests], dtype=np.int64)


def assign_splits(
    labels: Int64,
    groups: Int64,
    ids: Sequence[str],
    *,
    shares: Mapping[str, float],
    rest: str = "train",
    seed: int = 0,
) -> list[str]:
    """Name a split for each picture, stratified by class, the same whatever order the pictures come in.

    Whole duplicate groups move together (a group with conflicting labels counts to its commonest, then lowest, label),
    so no picture has an exact copy in another split. Each class's groups are ordered by the sha256 of the seed and the
    group's first id, not by a random generator, so that every version of every library gives the same split.

    Args:
        labels: int64 (N,).
        groups: int64 (N,), from :func:`duplicate_groups`.
        ids: N distinct names.
        shares: the share of each class that each named split receives, in total below 1; a class with more groups than
            named splits gives at least one picture to each.
        rest: the name of the split that receives what is left.
        seed: another seed, another split.

    Returns:
        N split names.
    """
    members: dict[int, list[int]] = defaultdict(list)
    for index, group in enumerate(groups.tolist()):
        members[group].append(index)
    by_class: dict[int, list[tuple[bytes, list[int]]]] = defaultdict(list)
    for positions in members.values():
        label = int(np.bincount(labels[positions]).argmax())
        first = min(ids[position] for position in positions)
        by_class[label].append((hashlib.sha256(f"{seed}:{first}".encode()).digest(), positions))

    assigned = [rest] * len(ids)
    for queue in by_class.values():
        queue.sort()
        total = sum(len(positions) for _, positions in queue)
        spare = len(queue) > len(shares)
        for name, share in shares.items():
            wanted = max(round(total * share), 1 if spare else 0)
            later: list[tuple[bytes, list[int]]] = []
            for key, positions in queue:
                # A group that does not fit waits for the next split, except that a split's only group may be too large.
                if len(positions) <= wanted:
                    wanted -= len(positions)
                    for position in positions:
                        assigned[position] = name
                else:
                    later.append((key, positions))
            queue = later  # noqa: PLW2901 - the shrinking queue is this loop's state
    return assigned


def assign_subjects(
    subjects: Sequence[str], *, shares: Mapping[str, float], rest: str = "train", seed: int = 0
) -> list[str]:
    """Name a split for each picture so that nobody is in two; the same whatever order the pictures come in.

    People are ordered by the sha256 of the seed and their name.

    Args:
        subjects: N names of the people shown.
        shares: the share of the people that each named split receives, one person at least.
        rest: the name of the split that receives the others.
        seed: another seed, another split.

    Raises:
        DataError: there are too few people to give each split one.
    """
    people = sorted(set(subjects), key=lambda name: hashlib.sha256(f"{seed}:{name}".encode()).digest())
    if len(people) <= len(shares):
        raise DataError(
            f"Expected {len(shares) + 1} people or more for the splits {', '.join((rest, *shares))}, got "
            f"{len(people)}; a person must not be in two."
        )
    part = dict.fromkeys(people, rest)
    start = 0
    for name, share in shares.items():
        # Later splits and the rest still need one person each.
        count = min(max(round(len(people) * share), 1), len(people) - start - 1)
        part.update(dict.fromkeys(people[start : start + count], name))
        start += count
    return [part[subject] for subject in subjects]


@dataclass(frozen=True, eq=False)
class SubjectFold:
    """One round of leave-one-subject-out: int64 positions of the pictures that train, choose the epoch, and test.

    ``test`` are all pictures of ``subject``; ``val`` are those of other people who do not train.
    """

    subject: str
    train: Int64
    val: Int64
    test: Int64


def leave_one_subject_out(subjects: Sequence[str], *, val_share: float = 0.1, seed: int = 0) -> Iterator[SubjectFold]:
    """Yield a fold for each person, in the order of their names.

    Args:
        subjects: N names of the people shown.
        val_share: the share of the others who choose the epoch instead of training, one person at least.
        seed: of the draw of these.

    Raises:
        DataError: there are fewer than three people.
    """
    names = np.array(subjects)
    for subject in sorted(set(subjects)):
        others = np.flatnonzero(names != subject)
        parts = np.array(assign_subjects(names[others].tolist(), shares={"val": val_share}, seed=seed))
        yield SubjectFold(subject, others[parts == "train"], others[parts == "val"], np.flatnonzero(names == subject))


VALIDATION_SHARE: Final = 0.1
TEST_SHARE: Final = 0.1


def draw_parts(pictures: Sequence[Picture], seed: int, *, torn: bool = False) -> list[str | None]:
    """Return each picture's part as the source says, or, where it says none, drawn 80/10/10.

    Where the people are known, they are drawn, and none may be in two parts, unless ``torn`` says so (for an audit,
    which is there to find it).

    Raises:
        DataError: the source has a person in two parts, or too few to draw.
    """
    parts: list[str | None] = [picture.split for picture in pictures]
    subjects = subjects_of(pictures)
    if not any(parts):
        shares = {"val": VALIDATION_SHARE, "test": TEST_SHARE}
        if subjects:
            return list(assign_subjects(subjects, shares=shares, seed=seed))
        return list(assign_splits(*_drawn_by(pictures), shares=shares, seed=seed))
    if subjects and not torn:
        for subject, where in torn_people(subjects, parts).items():
            raise DataError(
                f"Expected each person in one part, but '{subject}' is in {' and in '.join(where)}; move the "
                "pictures of a person together, or give class folders alone."
            )
    return parts


def subjects_of(pictures: Sequence[Picture]) -> tuple[str, ...] | None:
    """Return the people shown, or None where not all are known."""
    return known_people([picture.subject for picture in pictures])


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
