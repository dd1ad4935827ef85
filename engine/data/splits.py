"""Seeded splits that never tear apart what belongs together: exact duplicates, or the pictures of one person."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.data.dataset import Int64
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
