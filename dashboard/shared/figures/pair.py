"""Two models' maps brought together: what is drawn as their difference, and how alike they are.

Gates have a unit (the share that is passed on), so theirs is a plain difference. Grad-CAM has none: there each map is
first divided by its own sum, so that the difference says where one model puts a larger share of its evidence. Both are
taken on the coarsest common grid, because a 6x6 map has no edges to compare with those of a 48x48 one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from dashboard.report.text import grid, percent, short
from engine.draw.overlay import Range
from engine.records import Float32
from engine.statistics.agreement import Agreement, agreement, common_grid, to_grid

LEAST_REACH: Final = 0.1
"""Gate differences are drawn over ±.1 at least, so that two gates alike to the second decimal look alike."""
RANKS: Final = "same order (rank correlation)"
TOP: Final = "strongest tenth shared"
"""What tables call the two figures of agreement."""
POINTS: Final = "points of evidence"
WEIGHT: Final = "gate"


@dataclass(frozen=True, eq=False)
class PairedMaps:
    """Two maps of the same name.

    Attributes:
        difference: (h, w) float32, second minus first on the coarsest common grid, signed.
        unit: :data:`WEIGHT` (from -1 to 1) or :data:`POINTS` (percentage points of a map's mass in one cell).
        agreement: rank correlation and overlap of the strongest tenth.
    """

    difference: Float32
    unit: str
    agreement: Agreement


def pair_gates(first: Float32, second: Float32) -> PairedMaps:
    """Pair two spatial gates (h, w) in [0, 1]."""
    size = common_grid(first, second)
    difference = (to_grid(second, size) - to_grid(first, size)).astype(np.float32)
    return PairedMaps(difference, WEIGHT, agreement(first, second))


def pair_evidence(first: Float32, second: Float32) -> PairedMaps | None:
    """Pair two explanations (h, w) >= 0 by their shares of mass; None where one has no mass to share."""
    size = common_grid(first, second)
    one, two = to_grid(first, size), to_grid(second, size)
    if not one.sum() > 0.0 or not two.sum() > 0.0:
        return None
    difference = (100.0 * (two / two.sum() - one / one.sum())).astype(np.float32)
    return PairedMaps(difference, POINTS, agreement(first, second))


def difference_ranges(pairs: Sequence[PairedMaps | None], scale: str) -> tuple[Range, ...]:
    """Return the symmetric range of each difference: its own under ``stretch``, else one for all rows of a unit."""

    def reach(of: Sequence[PairedMaps]) -> float:
        return max((float(np.abs(one.difference).max()) for one in of), default=0.0)

    found = []
    for pair in pairs:
        if pair is None:
            found.append((0.0, 0.0))
            continue
        alike = [pair] if scale == "stretch" else [one for one in pairs if one is not None and one.unit == pair.unit]
        limit = reach(alike)
        if pair.unit == WEIGHT and scale != "stretch":
            limit = max(limit, LEAST_REACH)
        found.append((-limit, limit))
    return tuple(found)


def agreement_words(found: Agreement) -> str:
    """Return both figures in a line: ``same order +.42 (rank correlation) · strongest tenth shared 30 %``."""
    ranks = "no order" if found.spearman is None else f"same order {signed(found.spearman, 2)} (rank correlation)"
    return f"{ranks} · strongest tenth shared {percent(found.top_overlap)}"


def agreement_help(found: Agreement) -> str:
    """Say what the two figures mean."""
    ranks = (
        "A constant map has no ranks to correlate."
        if found.spearman is None
        else f"Order of the cells (Spearman's rank correlation): {found.spearman:.3f}; 1 is the same, 0 unrelated."
    )
    return (
        f"{ranks} Of the strongest tenth of cells {percent(found.top_overlap)} are common to both; unrelated maps "
        f"share {percent(found.chance)}. Both on {grid(found.grid)}, the coarsest common grid."
    )


def signed(value: float, digits: int = 1) -> str:
    """Return a number with its sign and a true minus: ``+1.2``, ``−.30`` (no leading zero with two digits or more)."""
    text = f"{value:+.{digits}f}"
    if float(text) == 0.0:
        return text[1:] if digits < 2 else text[2:]
    text = text.replace("-", "−")
    return text if digits < 2 else text.replace("0.", ".", 1) if text[1:].startswith("0.") else text


def reach_words(pair: PairedMaps) -> str:
    """Return the difference's own range in its unit."""
    low, high = float(pair.difference.min()), float(pair.difference.max())
    if pair.unit == POINTS:
        return f"{signed(low)} to {signed(high)} points"
    return f"{short(low)} to {short(high)}".replace("-", "−")
