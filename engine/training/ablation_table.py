"""The table of an ablation: accuracy of each variant, its difference to the whole, and how sure that difference is.

Over several seeds the interval is Student's t over the seeds' differences, each variant against the whole of the *same*
seed (which shares weights' seed, order and augmentation). With one seed there is no such spread; the interval is then
over pictures, which says how sure this one pair of models is, not how another seed would turn out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

import numpy as np

from engine.training.ablation import WHOLE, Cell

LEVEL: Final = 0.95


@dataclass(frozen=True)
class AblationRow:
    """One variant. Accuracies and differences in [0, 1] and [-1, 1].

    Attributes:
        variant: ``whole`` or ``without PART``.
        parameters: trainable values.
        seeds: those whose cell (and, for a difference, whose whole) is there.
        accuracies: one a seed.
        accuracy: their mean.
        difference: mean over seeds of (this - whole); None for the whole itself, or while it is missing.
        low, high: 95 % interval of the difference, or None.
        interval_over: ``seeds``, ``pictures`` or None.
        n: pictures measured on.
    """

    variant: str
    parameters: int
    seeds: tuple[int, ...]
    accuracies: tuple[float, ...]
    accuracy: float
    difference: float | None
    low: float | None
    high: float | None
    interval_over: Literal["seeds", "pictures"] | None
    n: int

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready values, rounded to five digits."""
        rounded = {key: round(v, 5) if isinstance(v, float) else v for key, v in asdict(self).items()}
        return {**rounded, "accuracies": [round(v, 5) for v in self.accuracies], "seeds": list(self.seeds)}


def paired_interval(differences: list[float], level: float = LEVEL) -> tuple[float, float]:
    """Return Student's t interval of the mean of two or more ``differences``: mean ± t(n - 1) s / √n."""
    from scipy.stats import t as student

    values = np.array(differences, np.float64)
    half = float(student.ppf(0.5 + level / 2, len(values) - 1)) * float(values.std(ddof=1)) / math.sqrt(len(values))
    mean = float(values.mean())
    return mean - half, mean + half


def picture_interval(cell: Cell, whole: Cell, level: float = LEVEL) -> tuple[float, float]:
    """Return the normal interval of the mean over pictures of (right here) - (right in the whole): -1, 0 or 1 each."""
    from scipy.stats import norm

    each = cell.right.astype(np.float64) - whole.right.astype(np.float64)
    half = float(norm.ppf(0.5 + level / 2)) * float(each.std(ddof=1)) / math.sqrt(len(each))
    mean = float(each.mean())
    return mean - half, mean + half


def tabulate(cells: Iterable[Cell]) -> tuple[AblationRow, ...]:
    """Return one row a variant, the whole first, the others in the order in which they come."""
    by_variant: dict[str, dict[int, Cell]] = {}
    for cell in cells:
        by_variant.setdefault(cell.variant, {})[cell.seed] = cell
    whole = by_variant.get(WHOLE, {})
    ordered = sorted(by_variant, key=lambda variant: variant != WHOLE)
    return tuple(_row(variant, by_variant[variant], whole) for variant in ordered)


def _row(variant: str, cells: dict[int, Cell], whole: dict[int, Cell]) -> AblationRow:
    seeds = tuple(sorted(cells))
    accuracies = tuple(cells[seed].accuracy for seed in seeds)
    pairs = [] if variant == WHOLE else [seed for seed in seeds if seed in whole]
    differences = [cells[seed].accuracy - whole[seed].accuracy for seed in pairs]
    low = high = difference = None
    over: Literal["seeds", "pictures"] | None = None
    if differences:
        difference = float(np.mean(differences))
    if len(differences) > 1:
        over, (low, high) = "seeds", paired_interval(differences)
    elif differences and len(cells[pairs[0]].right) > 1:
        over, (low, high) = "pictures", picture_interval(cells[pairs[0]], whole[pairs[0]])
    first = cells[seeds[0]]
    return AblationRow(
        variant=variant,
        parameters=first.parameters,
        seeds=seeds,
        accuracies=accuracies,
        accuracy=float(np.mean(accuracies)),
        difference=difference,
        low=low,
        high=high,
        interval_over=over,
        n=len(first.right),
    )
