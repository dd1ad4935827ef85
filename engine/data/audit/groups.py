"""Groups of pictures that are equal, or nearly: who is in them, what they are labelled, which parts they straddle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from engine.data.audit.hashes import BITS, dhash, hamming, near_pairs, phash
from engine.data.audit.source import AuditedPictures, ordered
from engine.data.dataset import Bool, Int64
from engine.errors import UsageError
from engine.records import UInt8

NEAR_BITS: Final = 6
"""The default of how many bits of the 64 may differ in each of the two hashes. Looked at by eye on FER2013: of 48 pairs
drawn at 5 or 6 bits nearly all show the same photograph, the rest the same person; at 7 or 8 bits, 4 of 48 do not."""
MOST_BITS: Final = 12
"""Beyond it, most pairs are different faces in the same pose."""


@dataclass(frozen=True)
class PictureGroup:
    """Two or more pictures that belong together.

    Attributes:
        members: their positions in the dataset, ascending.
        distinct: how many of them differ in a pixel; 1 for exact copies.
        labels: the distinct labels, ascending.
        parts: the source's parts that they lie in, in the usual order.
    """

    members: tuple[int, ...]
    distinct: int
    labels: tuple[int, ...]
    parts: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.members) < 2 or not 1 <= self.distinct <= len(self.members):
            raise ValueError(f"expected two or more members, got {self.members} with {self.distinct} distinct")

    @property
    def conflicting(self) -> bool:
        """Whether they are labelled differently."""
        return len(self.labels) > 1

    @property
    def straddles(self) -> bool:
        """Whether they lie in more than one part."""
        return len(self.parts) > 1

    @property
    def leaks(self) -> bool:
        """Whether one is in the training set and another in a part that is not."""
        return self.straddles and "train" in self.parts


@dataclass(frozen=True)
class Straddling:
    """How many groups lie in more than one part; the two totals answer different questions.

    Attributes:
        train_and_other: one member in the training set and one in a part kept apart: what can leak into a result.
        any_two_parts: members in any two parts: that, and groups between two parts kept apart.
        by_parts: parts joined by ``+`` → groups that lie in exactly these.
    """

    train_and_other: int
    any_two_parts: int
    by_parts: dict[str, int]


def straddling(groups: Iterable[PictureGroup]) -> Straddling:
    """Count the groups that straddle parts."""
    across = [group for group in groups if group.straddles]
    counts = Counter("+".join(group.parts) for group in across)
    return Straddling(sum(group.leaks for group in across), len(across), dict(sorted(counts.items())))


def _groups(pictures: AuditedPictures, numbers: Int64) -> tuple[PictureGroup, ...]:
    """Return the groups of two or more pictures with the same number (N,), in order of their first member."""
    order = np.argsort(numbers, kind="stable")
    bounds = np.flatnonzero(np.diff(numbers[order])) + 1
    found = [_group(pictures, positions) for positions in np.split(order, bounds) if len(positions) > 1]
    return tuple(sorted(found, key=lambda group: group.members))


def _group(pictures: AuditedPictures, positions: Int64) -> PictureGroup:
    return PictureGroup(
        members=tuple(positions.tolist()),
        distinct=len(np.unique(pictures.duplicate_group[positions])),
        labels=tuple(np.unique(pictures.labels[positions]).tolist()),
        parts=ordered([pictures.parts[position] for position in positions]),
    )


def exact_groups(pictures: AuditedPictures) -> tuple[PictureGroup, ...]:
    """Return the groups of pictures with equal pixels."""
    return _groups(pictures, pictures.duplicate_group)


def check_bits(bits: int) -> None:
    """Raise UsageError where ``bits`` is out of range."""
    if not 0 <= bits <= MOST_BITS:
        raise UsageError(f"Expected 0 to {MOST_BITS} of {BITS} bits for near duplicates, got {bits}; choose another.")


def near_groups(pictures: AuditedPictures, blank: Bool, bits: int = NEAR_BITS) -> tuple[PictureGroup, ...]:
    """Return the groups of distinct pictures that look alike; exact copies of a member are members, too.

    Two pictures are near where both hashes of :mod:`engine.data.audit.hashes` differ in at most ``bits``; groups are
    what near pairs connect. Mirrored or turned copies are not found.

    Args:
        pictures: N of them.
        blank: bool (N,): those without content, whose hashes mean nothing; left out.
        bits: 0 to :data:`MOST_BITS`.

    Raises:
        UsageError: ``bits`` is out of range.
    """
    numbers = near_numbers(pictures.images, pictures.duplicate_group, blank, bits)
    return tuple(group for group in _groups(pictures, numbers) if group.distinct > 1)


def near_numbers(images: UInt8, duplicate_group: Int64, blank: Bool, bits: int = NEAR_BITS) -> Int64:
    """Number N pictures by what looks alike, as :func:`near_groups` means it: int64 (N,), equal ones belong together.

    Args:
        images: uint8 (N, S, S), grey, S >= 16.
        duplicate_group: int64 (N,), equal numbers: equal pixels.
        blank, bits: as of :func:`near_groups`.

    Raises:
        UsageError: ``bits`` is out of range.
    """
    check_bits(bits)
    _, first = np.unique(duplicate_group, return_index=True)
    shown = np.sort(first[~blank[first]])
    pairs = near_pairs(phash(images[shown]), bits)
    differences = dhash(images[shown])
    pairs = pairs[hamming(differences[pairs[:, 0]], differences[pairs[:, 1]]) <= bits]
    return _spread(duplicate_group, shown, _connected(pairs, len(shown)))


def _connected(pairs: Int64, count: int) -> Int64:
    """Number ``count`` nodes by what the edges (P, 2) connect: int64 (count,)."""
    edges = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    return np.asarray(connected_components(edges, directed=False)[1], dtype=np.int64)


def _spread(groups: Int64, shown: Int64, numbers: Int64) -> Int64:
    """Give each picture the number of the distinct one that it equals; what is not shown stays alone: int64 (N,)."""
    of_group = np.arange(len(numbers), len(numbers) + int(groups.max()) + 1)
    of_group[groups[shown]] = numbers
    return np.asarray(of_group[groups], dtype=np.int64)


def has_copy_in_train(pictures: AuditedPictures, groups: Sequence[PictureGroup]) -> Bool:
    """Return bool (N,): whether a picture outside the training set shares a group with one inside."""
    found = np.zeros(len(pictures), np.bool_)
    for group in groups:
        if group.leaks:
            for member in group.members:
                found[member] = pictures.parts[member] != "train"
    return found
