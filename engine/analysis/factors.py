"""Accuracy by what a built-in face is like: its pose, its light, what it wears, its drawn age lines and skin.

The generator draws each factor by chance and independently of the expression, so that levels differ in the factor and
in what goes with it in the drawing (dark skin has dark hair, old faces grey hair), and in nothing else. Answers come
from a stored analysis; what was drawn is drawn again from the pictures' ids, without painting it.

Drawn faces are no people: a level of drawn skin or age is no group of persons, and equal figures here do not say that a
model treats people alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy.stats import chi2_contingency

from engine.analysis.evaluation import StoredAnswers, stored_answers
from engine.analysis.files.places import PREDICTIONS, analysis_folder
from engine.analysis.store.store import open_store
from engine.data.drawn import DATASET_SEED, SPLIT_COUNTS, synthetic_id
from engine.errors import DataError
from engine.statistics.classification import share
from engine.statistics.intervals import Estimate
from engine.statistics.paired import holm
from engine.synthetic.face import FaceParameters, sample_parameters

DATASET: Final = "synthetic"
SPLIT: Final = "test"


@dataclass(frozen=True)
class Factor:
    """One thing by which drawn faces differ.

    Attributes:
        words: what it is. levels: the name of each level, in order.
        level: parameters → which of the levels, or None where the face has none (a neutral face has no strength).
    """

    words: str
    levels: tuple[str, ...]
    level: Callable[[FaceParameters], int | None]


def _degrees(radians: float) -> float:
    return abs(math.degrees(radians))


def _step(value: float, *bounds: float) -> int:
    """Return how many of the rising ``bounds`` lie at or below ``value``."""
    return sum(value >= bound for bound in bounds)


def _strength(face: FaceParameters) -> int | None:
    units = face.expression.evidence_units
    if not units:
        return None
    return _step(sum(face.expression.mean(unit) for unit in units) / len(units), 0.55, 0.8)


def _side_light(face: FaceParameters) -> int:
    across, _, towards = face.view.light
    return _step(_degrees(math.atan2(across, towards)), 30.0)


FACTORS: Final[dict[str, Factor]] = {
    "yaw": Factor(
        "head turned to the side", ("under 5°", "5° to 12°", "12° to 24°"), lambda f: _step(_degrees(f.view.yaw), 5, 12)
    ),
    "pitch": Factor("head raised or lowered", ("under 4°", "4° to 10°"), lambda f: _step(_degrees(f.view.pitch), 4)),
    "roll": Factor(
        "head tilted", ("under 4°", "4° to 9°", "9° to 16°"), lambda f: _step(_degrees(f.view.roll), 4, 9)
    ),
    "light": Factor("key light", ("from the front", "from the side, 30° or more"), _side_light),
    "shadow": Factor(
        "hardness of the light", ("hard", "between", "flat"), lambda f: _step(f.view.ambient, 0.43, 0.62)
    ),
    "contrast": Factor("contrast", ("low", "middle", "high"), lambda f: _step(f.view.contrast, 0.83, 1.02)),
    "blur": Factor("blurred by the camera", ("no", "yes"), lambda f: int(f.view.blur > 0)),
    "covered": Factor(
        "covered in part", ("no", "by a hand", "by hair"), lambda f: ("none", "hand", "strand").index(f.view.occluder)
    ),
    "watermark": Factor("text over the picture", ("no", "yes"), lambda f: int(bool(f.view.watermark))),
    "glasses": Factor("glasses", ("none", "worn"), lambda f: int(f.identity.glasses != "none")),
    "beard": Factor("beard", ("none", "some"), lambda f: int(f.identity.beard != "none")),
    "hat": Factor("hat", ("none", "worn"), lambda f: int(f.identity.hat != "none")),
    "age": Factor(
        "age lines as drawn", ("few, about 20 to 40", "some, 40 to 60", "many, 60 to 80"),
        lambda f: _step(f.identity.age, 1 / 3, 2 / 3),
    ),
    "skin": Factor("skin as drawn", ("light", "middle", "dark"), lambda f: _step(f.identity.skin, 1 / 3, 2 / 3)),
    "features": Factor(
        "features as drawn", ("masculine", "between", "feminine"), lambda f: _step(f.identity.feminine, 1 / 3, 2 / 3)
    ),
    "strength": Factor("strength of the expression, neutral left out", ("weak", "middle", "strong"), _strength),
}  # fmt: skip
"""The factors that the generator draws and that a user of a model may meet. Bounds were set before any model was looked
at: thirds of an even range, else where a level keeps some hundred faces of the test split."""


@dataclass(frozen=True)
class FactorRow:
    """A model's accuracy at one level of one factor; ``accuracy`` has its 95 % Wilson interval and n."""

    factor: str
    level: str
    accuracy: Estimate


@dataclass(frozen=True)
class FactorReport:
    """Accuracy by factor.

    Attributes:
        model, split: whose, where. n: pictures. accuracy: over all of them.
        rows: every level of every factor, in order.
        p: factor → p of the chi-squared test that all its levels are answered alike, Holm-corrected over the factors; 1
            where a level alone has pictures.
    """

    model: str
    split: str
    n: int
    accuracy: Estimate
    rows: tuple[FactorRow, ...]
    p: Mapping[str, float]

    def of(self, factor: str) -> tuple[FactorRow, ...]:
        """Return a factor's levels."""
        return tuple(row for row in self.rows if row.factor == factor)

    @property
    def differing(self) -> tuple[str, ...]:
        """The factors whose levels differ beyond chance (p below .05 after the correction)."""
        return tuple(name for name, p in self.p.items() if p < 0.05)

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "dataset": DATASET,
            "split": self.split,
            "n": self.n,
            "accuracy": self.accuracy.as_dict(),
            "test": "chi-squared over the levels, Holm-corrected over the factors",
            "factors": {
                name: {
                    "words": FACTORS[name].words,
                    "p": float(f"{self.p[name]:.3g}"),
                    "levels": {row.level: row.accuracy.as_dict() for row in self.of(name)},
                }
                for name in FACTORS
            },
        }


@lru_cache(maxsize=4)
def drawn_levels(split: str) -> dict[str, dict[str, int | None]]:
    """Return picture id → factor → its level in a split of the built-in faces; a second for 3,000 faces."""
    found: dict[str, dict[str, int | None]] = {}
    for index in range(SPLIT_COUNTS[split]):
        face = sample_parameters(DATASET_SEED, index, split=split)
        found[synthetic_id(split, index)] = {name: factor.level(face) for name, factor in FACTORS.items()}
    return found


def by_factor(answers: StoredAnswers) -> FactorReport:
    """Return the accuracy at each level of each factor.

    Raises:
        DataError: the answers are not to the built-in faces.
    """
    known = drawn_levels(answers.split) if answers.dataset == DATASET and answers.split in SPLIT_COUNTS else {}
    unknown = [name for name in answers.ids if name not in known]
    if unknown or not answers.ids:
        raise DataError(
            f"Expected answers to the built-in faces, got {answers.dataset} {answers.split} with "
            f"{len(unknown):,} other pictures; analyse the model with --dataset {DATASET}."
        )
    right = answers.predicted == answers.labels
    rows: list[FactorRow] = []
    p_values: list[float] = []
    for name, factor in FACTORS.items():
        of = [known[picture][name] for picture in answers.ids]
        place = np.array([-1 if level is None else level for level in of])
        counts = np.array([[(right & (place == k)).sum(), (place == k).sum()] for k in range(len(factor.levels))])
        rows += [
            FactorRow(name, level, share(int(hit), int(n)))
            for level, (hit, n) in zip(factor.levels, counts, strict=True)
        ]
        p_values.append(_alike(counts))
    everything = share(int(right.sum()), len(right))
    return FactorReport(
        answers.model,
        answers.split,
        len(right),
        everything,
        tuple(rows),
        dict(zip(FACTORS, holm(p_values), strict=True)),
    )


def _alike(counts: np.ndarray[Any, Any]) -> float:
    """Return p of "all levels are answered alike", of int (levels, 2) right ones and pictures."""
    table = np.stack([counts[:, 0], counts[:, 1] - counts[:, 0]])[:, counts[:, 1] > 0]
    if table.shape[1] < 2 or not table.sum(axis=1).all():
        return 1.0
    return float(chi2_contingency(table, correction=False).pvalue)


def stored_factors(checkpoint: Path) -> FactorReport | None:
    """Return a checkpoint's report from its stored answers to the built-in test faces; None where it has none.

    Raises:
        DataError: they are damaged, or of other weights.
    """
    if not (analysis_folder(checkpoint, DATASET, SPLIT) / PREDICTIONS).is_file():
        return None
    store = open_store([checkpoint.name], DATASET, SPLIT, folder=checkpoint.parent)
    try:
        return by_factor(stored_answers(store))
    finally:
        store.close()
