"""How accuracy falls when pictures get worse: each corruption at each severity, measured as a split is measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from torch import nn

from engine.data.dataset import FaceDataset
from engine.evaluate.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from engine.measure.split import evaluate
from engine.records import RunCard
from engine.statistics.intervals import Estimate

BENCHMARK: Final = "robustness"


@dataclass(frozen=True)
class RobustnessRow:
    """Accuracy under one corruption.

    Attributes:
        corruption: a key of :data:`engine.evaluate.corruptions.CORRUPTIONS`.
        severity: 1 to 5. amount: what it means, in the corruption's unit.
        accuracy: over n pictures, with its 95 % Wilson interval.
        macro_f1: in [0, 1].
    """

    corruption: str
    severity: int
    amount: float
    accuracy: Estimate
    macro_f1: float


@dataclass(frozen=True)
class RobustnessReport:
    """Everything measured of one model on one split.

    Attributes:
        model: its name. weights_sha256: of the weights that were measured.
        dataset, split: what was corrupted. pictures: how many of the split's ``total``.
        seed: of the corruptions.
        clean: accuracy on the same pictures as they are. clean_macro_f1: likewise.
        rows: every corruption at every severity, in the order of ``CORRUPTIONS``.
    """

    model: str
    weights_sha256: str
    dataset: str
    split: str
    pictures: int
    total: int
    seed: int
    clean: Estimate
    clean_macro_f1: float
    rows: tuple[RobustnessRow, ...]

    def mean_accuracy(self, corruption: str) -> float:
        """Return the mean accuracy over the severities of a corruption."""
        return float(np.mean([row.accuracy.mean for row in self.rows if row.corruption == corruption]))

    def as_dict(self) -> dict[str, Any]:
        """Return the document that is written and printed."""
        return {
            "benchmark": BENCHMARK,
            "model": self.model,
            "weights_sha256": self.weights_sha256,
            "dataset": self.dataset,
            "split": self.split,
            "pictures": self.pictures,
            "total": self.total,
            "seed": self.seed,
            "views": "single view",
            "units": {name: kind.unit for name, kind in CORRUPTIONS.items()},
            "clean": {**self.clean.as_dict(), "macro_f1": self.clean_macro_f1},
            "rows": [
                {
                    "corruption": row.corruption,
                    "severity": row.severity,
                    "amount": row.amount,
                    **row.accuracy.as_dict(),
                    "macro_f1": row.macro_f1,
                }
                for row in self.rows
            ],
        }


def _measured(model: nn.Module, card: RunCard, dataset: FaceDataset) -> tuple[Estimate, float]:
    document = evaluate(model, card, dataset)
    low, high = document["interval"]
    return Estimate(document["accuracy"], low, high, document["n"]), float(document["macro_f1"])


def spread_subset(dataset: FaceDataset, limit: int | None) -> FaceDataset:
    """Return ``limit`` pictures spread evenly over a split (all where it is None or has no more)."""
    if limit is None or limit >= len(dataset):
        return dataset
    return dataset.subset([index * len(dataset) // limit for index in range(limit)])


def robustness(
    model: nn.Module,
    card: RunCard,
    dataset: FaceDataset,
    *,
    limit: int | None = None,
    seed: int = 0,
    corruptions: Iterable[str] = tuple(CORRUPTIONS),
    progress: Callable[[int], None] | None = None,
) -> RobustnessReport:
    """Measure a model on pictures as they are and on each corruption at each severity.

    Args:
        model: in float32, see :func:`engine.measure.split.evaluate`. card: its card.
        dataset: pictures of the model's classes, as uint8.
        limit: this many pictures, evenly spread over the split; None for all.
        seed: of the corruptions.
        corruptions: names; default all.
        progress: told after each pass how many pictures it had.

    Raises:
        DataError: the dataset's classes are not the model's. UnknownNameError: no such corruption.
    """
    chosen = spread_subset(dataset, limit)

    def told() -> None:
        if progress is not None:
            progress(len(chosen))

    clean, clean_f1 = _measured(model, card, chosen)
    told()
    rows = []
    for name in corruptions:
        for severity in SEVERITIES:
            worse = replace(chosen, images=corrupt(chosen.images, chosen.ids, name, severity, seed=seed))
            accuracy, f1 = _measured(model, card, worse)
            rows.append(RobustnessRow(name, severity, CORRUPTIONS[name].amounts[severity - 1], accuracy, f1))
            told()
    return RobustnessReport(
        card.name, card.weights_sha256, dataset.name, dataset.split, len(chosen), len(dataset), seed, clean, clean_f1,
        tuple(rows),
    )  # fmt: skip
