"""Which found face is which known one: the assignment that is best for all of them together.

[1] H. W. Kuhn. The Hungarian method for the assignment problem. Naval Research Logistics Quarterly 2, 1955 (solved
    here by SciPy's ``linear_sum_assignment``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import linear_sum_assignment

from engine.inference.appearance import Appearance, similarity

LARGEST_RATIO: Final = 1.8
"""Of the sides of one face, a moment apart."""
LEAST_ALIKE: Final = 0.62
"""Similarity that a face out of sight must have to be taken for the same again; in sight its place speaks for it."""
LEAST_ALIKE_IN_SIGHT: Final = 0.4
LOOKS: Final = 0.6
"""Weight of the looks against the place, which gets the rest: where two faces cross, the place is what misleads."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A face to match: centre and size in pixels, looks, and seconds since it was last seen (0 for a found one)."""

    x: float
    y: float
    width: float
    height: float
    looks: Appearance
    unseen_seconds: float = 0.0


def overlap(one: Candidate, two: Candidate) -> float:
    """Return the intersection over the union of two boxes, in [0, 1]."""
    across = min(one.x + one.width / 2, two.x + two.width / 2) - max(one.x - one.width / 2, two.x - two.width / 2)
    down = min(one.y + one.height / 2, two.y + two.height / 2) - max(one.y - one.height / 2, two.y - two.height / 2)
    common = max(0.0, across) * max(0.0, down)
    return common / (one.width * one.height + two.width * two.height - common)


def affinity(known: Candidate, found: Candidate) -> float:
    """Return how well a found face continues a known one, in (0, 1], or 0 where it cannot.

    The place is where the known one is expected now. The longer it was out of sight, the farther off it may be: two
    sides of the face a second, beside the half of one that is always allowed; never more than two.
    """
    side = (known.width * known.height * found.width * found.height) ** 0.25
    ratio = side**2 / (found.width * found.height)  # of the sides: the root of the areas' ratio
    allowed = min(2.0, 0.5 + 2.0 * known.unseen_seconds)
    distance = float(np.hypot(known.x - found.x, known.y - found.y)) / side
    if distance > allowed or not 1.0 / LARGEST_RATIO <= ratio <= LARGEST_RATIO:
        return 0.0
    alike = similarity(known.looks, found.looks)
    if alike < (LEAST_ALIKE_IN_SIGHT if known.unseen_seconds == 0.0 else LEAST_ALIKE):
        return 0.0
    near = overlap(known, found) if known.unseen_seconds == 0.0 else 1.0 - distance / allowed
    return max(1e-6, LOOKS * alike + (1.0 - LOOKS) * near)


def match(known: Sequence[Candidate], found: Sequence[Candidate]) -> tuple[tuple[int, int], ...]:
    """Return (index of known, index of found) pairs, each index at most once, with the largest sum of affinities."""
    if not known or not found:
        return ()
    table = np.array([[affinity(one, two) for two in found] for one in known])
    rows, columns = linear_sum_assignment(table, maximize=True)
    return tuple((int(row), int(column)) for row, column in zip(rows, columns, strict=True) if table[row, column] > 0.0)
