"""FACS action units: what each one moves, which of them make an expression, and how strongly a face shows them.

Action units are those of the Facial Action Coding System (Ekman & Friesen 1978). Which units make up which emotion
follows EMFACS, the selection for emotion (W. V. Friesen & P. Ekman, "EMFACS-7: Emotional Facial Action Coding System",
unpublished manuscript, University of California at San Francisco, 1983). Departure: EMFACS lists several variants of
each emotion; here each has one prototype, given by :data:`PROTOTYPES`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.errors import UnknownNameError, UsageError

REGIONS: Final[tuple[str, ...]] = (
    "background",
    "other_skin",
    "hair",
    "forehead",
    "cheeks",
    "chin",
    "nose",
    "mouth",
    "eyes",
    "brows",
)
"""The regions that partition a picture; a region map holds indices into this tuple."""


@dataclass(frozen=True)
class ActionUnit:
    """One action unit: its FACS number, its name, and the regions whose pixels it can change."""

    number: int
    name: str
    regions: tuple[str, ...]


UNITS: Final[dict[int, ActionUnit]] = {
    unit.number: unit
    for unit in (
        ActionUnit(1, "inner brow raiser", ("brows", "forehead")),
        ActionUnit(2, "outer brow raiser", ("brows", "forehead")),
        ActionUnit(4, "brow lowerer", ("brows", "forehead")),
        ActionUnit(5, "upper lid raiser", ("eyes",)),
        ActionUnit(6, "cheek raiser", ("eyes", "cheeks")),
        ActionUnit(7, "lid tightener", ("eyes",)),
        ActionUnit(9, "nose wrinkler", ("nose", "mouth", "cheeks", "brows")),
        ActionUnit(12, "lip corner puller", ("mouth", "cheeks")),
        ActionUnit(15, "lip corner depressor", ("mouth",)),
        ActionUnit(16, "lower lip depressor", ("mouth", "chin")),
        ActionUnit(17, "chin raiser", ("mouth", "chin")),
        ActionUnit(20, "lip stretcher", ("mouth",)),
        ActionUnit(23, "lip tightener", ("mouth",)),
        ActionUnit(25, "lips part", ("mouth",)),
        ActionUnit(26, "jaw drop", ("mouth", "chin")),
    )
}
"""The units that the generator knows, by number."""

PROTOTYPES: Final[dict[str, tuple[int, ...]]] = {
    "angry": (4, 5, 7, 23),
    "disgust": (9, 15, 16),
    "fear": (1, 2, 4, 5, 20, 26),
    "happy": (6, 12),
    "neutral": (),
    "sad": (1, 4, 15),
    "surprise": (1, 2, 5, 26),
}
"""Which units make each emotion (EMFACS prototypes); neutral has none, and therefore no evidence."""

SIDES: Final[tuple[str, str]] = ("left", "right")
"""Sides as the viewer sees them: ``left`` is the left half of the picture."""


@dataclass(frozen=True)
class Expression:
    """How strongly each unit is shown: number -> (left, right), each in [0, 1]; units left out are at rest.

    Attributes:
        units: the units that make the label's expression, and the distractors, with their intensities.
        distractors: numbers among ``units`` that do not belong to the label's prototype.
    """

    units: Mapping[int, tuple[float, float]]
    distractors: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        for number, sides in self.units.items():
            if number not in UNITS:
                raise UnknownNameError("action unit", str(number), map(str, UNITS))
            if len(sides) != 2 or not all(0.0 <= side <= 1.0 for side in sides):
                raise UsageError(
                    f"Expected two intensities in [0, 1] for AU{number}, got {sides}; give (left, right) in that range."
                )
        if not self.distractors <= set(self.units):
            raise UsageError(
                f"Expected distractors among the units {sorted(self.units)}, got {sorted(self.distractors)}; "
                "give each distractor an intensity."
            )

    @property
    def evidence_units(self) -> tuple[int, ...]:
        """The units that are shown on either side and belong to the label: those that carry the evidence."""
        return tuple(n for n, sides in self.units.items() if max(sides) > 0.0 and n not in self.distractors)

    def side(self, number: int, side: int) -> float:
        """Return the intensity of unit ``number`` on side 0 (left) or 1 (right)."""
        return self.units.get(number, (0.0, 0.0))[side]

    def mean(self, number: int) -> float:
        """Return the intensity of unit ``number`` averaged over both sides."""
        left, right = self.units.get(number, (0.0, 0.0))
        return 0.5 * (left + right)


def regions_of(numbers: Iterable[int]) -> tuple[str, ...]:
    """Return the regions that the units ``numbers`` move, in the order of :data:`REGIONS`, each once."""
    moved = {region for number in numbers for region in UNITS[number].regions}
    return tuple(region for region in REGIONS if region in moved)


def prototype(emotion: str, intensity: float = 1.0) -> Expression:
    """Return the textbook expression of ``emotion``: each unit of its prototype at ``intensity`` in [0, 1]."""
    if emotion not in PROTOTYPES:
        raise UnknownNameError("emotion", emotion, PROTOTYPES)
    return Expression(dict.fromkeys(PROTOTYPES[emotion], (intensity, intensity)))


WEAKEST: Final = 0.32
"""Overall strength of the weakest expression that a dataset shows; below it a person would say neutral."""

DISTRACTOR_STRONGEST: Final = 0.2
"""A distractor unit is drawn below this (a side that leans may exceed it), so it rarely makes another expression."""


def sample_expression(rng: np.random.Generator, emotion: str) -> Expression:
    """Draw an expression of ``emotion`` as people show it: of any strength, uneven between units and sides.

    The overall strength lies in [0.32, 1]; each unit varies around it by a quarter, each side by about a tenth; one
    unit of a prototype of three or more is missing in one face of nine; each other unit is a distractor in one face
    of fourteen, at 0.05-0.2.
    """
    if emotion not in PROTOTYPES:
        raise UnknownNameError("emotion", emotion, PROTOTYPES)
    strength = WEAKEST + (1.0 - WEAKEST) * float(rng.beta(1.7, 1.2))
    chosen = PROTOTYPES[emotion]
    missing = int(rng.integers(len(chosen))) if len(chosen) >= 3 and rng.random() < 1 / 9 else -1
    units: dict[int, tuple[float, float]] = {}
    distractors: set[int] = set()
    for number in UNITS:
        vary, lean, roll = float(rng.uniform(0.75, 1.25)), float(rng.normal(0.0, 0.12)), float(rng.random())
        if number in chosen:
            if chosen.index(number) == missing:
                continue
            level = strength * vary
        elif roll < 1 / 14:
            level = float(rng.uniform(0.05, DISTRACTOR_STRONGEST))
            distractors.add(number)
        else:
            continue
        left, right = level * (1.0 - lean), level * (1.0 + lean)
        units[number] = (min(max(left, 0.0), 1.0), min(max(right, 0.0), 1.0))
    return Expression(units, frozenset(distractors))
