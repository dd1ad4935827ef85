"""The measurements on a checkpoint's card as rows: on which dataset, how, and what each may be used for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.errors import CheckpointError
from engine.evaluate.views import VIEWS
from engine.records import RunCard
from engine.statistics.intervals import Estimate

SAID: Final = {**{name: views.short for name, views in VIEWS.items()}, "chosen": "single view, while training"}
"""What the last part of a key means."""


@dataclass(frozen=True)
class MetricRow:
    """One measurement.

    Attributes:
        dataset, split, view: what on, and how.
        accuracy: with its interval where the card has one; ``clean`` without copies of training pictures, or None.
        macro_f1: or None where it was not measured.
        protocol: what the split may be used for, in words.
    """

    dataset: str
    split: str
    view: str
    accuracy: Estimate
    macro_f1: float | None
    clean: Estimate | None
    protocol: str


def _estimate(mean: float, interval: object, n: int) -> Estimate:
    low, high = interval if isinstance(interval, (list, tuple)) else (None, None)
    return Estimate(float(mean), low, high, n)


def metric_rows(card: RunCard) -> tuple[MetricRow, ...]:
    """Return the card's measurements, sorted by dataset, split and view.

    Raises:
        CheckpointError: an entry is not what ``python -m engine evaluate`` writes.
    """
    rows = []
    for key, found in sorted(card.metrics.items()):
        try:
            dataset, split, view = key.split("/")
            clean = found.get("accuracy_clean")
            rows.append(
                MetricRow(
                    dataset,
                    split,
                    SAID.get(view, view),
                    _estimate(found["accuracy"], found.get("interval"), int(found["n"])),
                    found.get("macro_f1"),
                    None if clean is None else _estimate(clean, found.get("interval_clean"), int(found["n_clean"])),
                    str(found.get("protocol", "")),
                )
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise CheckpointError(
                f"Expected the measurement '{key}' of '{card.name}' as evaluate writes it, got another; measure again "
                f"with: python -m engine evaluate --model {card.name} --write-card"
            ) from error
    return tuple(rows)
