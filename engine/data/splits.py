"""Groups of exact duplicates, and seeded stratified splits that never tear such a group apart."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence

import numpy as np

from engine.data.dataset import Int64


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
