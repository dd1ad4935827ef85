"""What a ``cmaen`` is made of over a sample of a split: for each picture, and by class with intervals.

:mod:`engine.explain.cmaen_shares` says what each figure is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.explain.cmaen_shares import CmaenShares
from engine.statistics.intervals import Estimate, bootstrap_means

Float64 = NDArray[np.float64]

SHARES: Final[dict[str, str]] = {
    "ratio": "‖γ · out‖ / ‖projection‖ of the cross-modal attention",
    "emotion": "what the emotion heads give to the predicted class’s logit above the mean of the classes",
    "fusion": "what the fusion classifier gives to it",
    "emotion_share": "the emotion heads’ share of both; the fusion classifier’s is 1 minus it",
}
"""Figure of a picture → what it is."""


@dataclass(frozen=True)
class PictureShares:
    """One picture's figures; None where the network lacks the part.

    Attributes:
        id: the picture's. label: its true class. figures: each of :data:`SHARES`.
    """

    id: str
    label: str
    figures: Mapping[str, float | None]

    def __post_init__(self) -> None:
        if set(self.figures) != set(SHARES):
            raise ValueError(f"expected the figures {', '.join(SHARES)}, got {', '.join(self.figures)}")
        if any(value is not None and not math.isfinite(value) for value in self.figures.values()):
            raise ValueError(f"expected finite figures of {self.id}, got {dict(self.figures)}")


@dataclass(frozen=True)
class AnswerShares:
    """What the answers to N pictures are made of.

    Attributes:
        gamma: gain of the cross-modal attention; None without it.
        weights: of emotion and fusion logits, sum 1; None where only one of them is there.
        pictures: N of them.
        means: group (``all`` or a true class) → figure → its mean and interval; n 0 where the network lacks the part.
    """

    gamma: float | None
    weights: tuple[float, float] | None
    pictures: tuple[PictureShares, ...]
    means: Mapping[str, Mapping[str, Estimate]]

    def __post_init__(self) -> None:
        if self.gamma is not None and not math.isfinite(self.gamma):
            raise ValueError(f"expected a finite gamma, got {self.gamma}")
        if self.weights is not None and not math.isclose(sum(self.weights), 1.0, abs_tol=1e-4):
            raise ValueError(f"expected weights that sum to 1, got {self.weights}")
        if any(set(found) != set(SHARES) for found in self.means.values()) or not self.means:
            raise ValueError(f"expected means of {', '.join(SHARES)} for each group")

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "gamma": self.gamma,
            "weights": None if self.weights is None else list(self.weights),
            "means": {
                group: {name: one.as_dict() for name, one in found.items()} for group, found in self.means.items()
            },
            "pictures": [
                {
                    "id": picture.id,
                    "label": picture.label,
                    **{name: None if value is None else round(value, 6) for name, value in picture.figures.items()},
                }
                for picture in self.pictures
            ],
        }


def answer_shares(
    found: CmaenShares, ids: Sequence[str], labels: Sequence[str], classes: Sequence[str], *, all_name: str, seed: int
) -> AnswerShares:
    """Give each of N pictures its figures, and each class its means.

    Args:
        found: of N pictures. ids, labels: theirs. classes: K names. all_name: what the group of all is called.
        seed: of the intervals.
    """
    columns = [getattr(found, name) for name in SHARES]
    table = np.stack(
        [np.full(len(ids), np.nan) if column is None else column.astype(np.float64) for column in columns], axis=1
    )
    truths = np.asarray(labels)
    chosen = {all_name: np.ones(len(ids), dtype=bool), **{name: truths == name for name in classes}}
    return AnswerShares(
        found.gamma,
        found.weights,
        tuple(
            PictureShares(face, label, {name: _known(value) for name, value in zip(SHARES, row, strict=True)})
            for face, label, row in zip(ids, labels, table, strict=True)
        ),
        {
            group: dict(zip(SHARES, bootstrap_means(table[mask], seed=seed), strict=True))
            for group, mask in chosen.items()
        },
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
