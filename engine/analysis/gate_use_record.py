"""The record of how much each gate of a model is used, over a sample of a split and for each class.

A figure is a mean over pictures with its 95 % bootstrap interval; :mod:`engine.trust.gate_record` says what the
figures of one picture are, and where the bounds between used, weakly used and not used lie. The verdict on a gate
follows the largest mean distance among the replacements that keep the gate's level, as there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

from engine.analysis.files.answer_shares import AnswerShares
from engine.errors import UnknownNameError
from engine.explain.gate_replacements import REPLACEMENTS, ReplacementName
from engine.records import GATE_DIMENSIONS, GateKind
from engine.statistics.intervals import LEVEL, RESAMPLES, Estimate
from engine.trust.gate_record import USED, WEAKLY_USED, Verdict, verdict_of

ALL: Final = "all"
"""The group of all sampled pictures; the other groups are the true classes."""

FORMAT: Final = 1
"""Raised when the file's contents change in a way that old readers do not understand."""

FIGURES: Final[dict[str, tuple[float, float]]] = {
    "distance": (0.0, 1.0),
    "flips": (0.0, 1.0),
    "logit_change": (-math.inf, math.inf),
    "accuracy_change": (-1.0, 1.0),
}
"""Figure → its range: total variation distance of the probabilities, share of draws with another class on top, change
of the explained logit, change of the share of right answers."""


@dataclass(frozen=True)
class GateEffect:
    """What one replacement of one gate did to one group of pictures.

    Attributes:
        layer, kind: the gate's.
        replacement: a key of REPLACEMENTS. draws: how often it was drawn for each picture.
        group: ``all`` or a true class.
        figures: each of :data:`FIGURES`; replaced minus unchanged, where it is a change.
    """

    layer: str
    kind: GateKind
    replacement: ReplacementName
    draws: int
    group: str
    figures: Mapping[str, Estimate]

    def __post_init__(self) -> None:
        if self.replacement not in REPLACEMENTS or self.kind not in GATE_DIMENSIONS or self.draws < 1:
            raise ValueError(
                f"expected a replacement of a gate, drawn once or more, got {self.replacement} of a gate of kind "
                f"{self.kind}, {self.draws}"
            )
        if set(self.figures) != set(FIGURES):
            raise ValueError(f"expected the figures {', '.join(FIGURES)}, got {', '.join(self.figures)}")
        for name, (least, most) in FIGURES.items():
            found = self.figures[name]
            known = [value for value in (found.low, found.mean, found.high) if value is not None]
            in_order = all(first <= second for first, second in pairwise(known))
            whole = len(known) == (0 if found.n == 0 else 1 if found.n == 1 else 3)
            inside = all(math.isfinite(value) and least <= value <= most for value in known)
            if found.n < 0 or not (in_order and whole and inside):
                raise ValueError(f"expected {name} in [{least}, {most}] inside its interval, got {found}")

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "layer": self.layer,
            "kind": self.kind,
            "replacement": self.replacement,
            "draws": self.draws,
            "group": self.group,
            **{name: self.figures[name].as_dict() for name in FIGURES},
        }


@dataclass(frozen=True, eq=False)
class SplitGateUse:
    """Whether each gate of a model is used, over a sample of a split and for each class.

    Attributes:
        model: its name. weights_sha256: of the weights that were measured.
        dataset, split: where the pictures are from. total: how many the split has.
        pictures: class → how many of it were drawn, in the order of the model's classes.
        target: whose logit ``logit_change`` follows, as asked: ``predicted``, ``true``, a class or a contrast.
        seed: of the sample, the permutations, the lenders and the intervals.
        accuracy: group → share of right answers with the gates as they are.
        effects: every gate, replacement and group, in that order.
        shares: what a ``cmaen`` is made of, else None.
        seconds: the whole measurement.
    """

    model: str
    weights_sha256: str
    dataset: str
    split: str
    total: int
    pictures: Mapping[str, int]
    target: str
    seed: int
    accuracy: Mapping[str, Estimate]
    effects: tuple[GateEffect, ...]
    shares: AnswerShares | None
    seconds: float

    def __post_init__(self) -> None:
        groups = (ALL, *self.pictures)
        if not 0 < self.n <= self.total or tuple(self.accuracy) != groups:
            raise ValueError(f"expected 1 to {self.total} pictures and an accuracy of {', '.join(groups)}")
        by_gate: dict[str, list[GateEffect]] = {}
        for effect in self.effects:
            by_gate.setdefault(effect.layer, []).append(effect)
            expected = self.n if effect.group == ALL else self.pictures.get(effect.group)
            if any(found.n != expected for found in effect.figures.values()):
                raise ValueError(f"expected figures of {expected} pictures of {effect.group}, got other ones")
        if not by_gate:
            raise ValueError("expected one gate or more, got none")
        for layer, mine in by_gate.items():
            names = [name for name in REPLACEMENTS if any(effect.replacement == name for effect in mine)]
            wanted = [(name, group) for name in names for group in groups]
            if [(effect.replacement, effect.group) for effect in mine] != wanted or names == ["ones"]:
                raise ValueError(f"expected each group once for each replacement of {layer}, got {len(mine)} rows")

    @property
    def n(self) -> int:
        """How many pictures were drawn."""
        return sum(self.pictures.values())

    @property
    def groups(self) -> tuple[str, ...]:
        """``all``, then the classes."""
        return (ALL, *self.pictures)

    @cached_property
    def gates(self) -> dict[str, GateKind]:
        """Layer → kind, in the model's order."""
        return {effect.layer: effect.kind for effect in self.effects}

    @property
    def draws(self) -> int:
        """The most draws of a replacement."""
        return max(effect.draws for effect in self.effects)

    def of(self, layer: str, group: str = ALL) -> tuple[GateEffect, ...]:
        """Return each replacement of a gate for a group of pictures.

        Raises:
            UnknownNameError: there is no such gate or group.
        """
        if layer not in self.gates:
            raise UnknownNameError("gate", layer, self.gates)
        if group not in self.groups:
            raise UnknownNameError("group of pictures", group, self.groups)
        return tuple(effect for effect in self.effects if (effect.layer, effect.group) == (layer, group))

    def deciding(self, layer: str, group: str = ALL) -> GateEffect:
        """Return the replacement that decides: the largest mean distance of those that keep the gate's level."""
        kept = [effect for effect in self.of(layer, group) if effect.replacement != "ones"]
        return max(kept, key=lambda effect: effect.figures["distance"].mean or 0.0)

    def verdict(self, layer: str, group: str = ALL) -> Verdict | None:
        """Return ``used``, ``weakly used`` or ``not used``; None where the group has no picture."""
        mean = self.deciding(layer, group).figures["distance"].mean
        return None if mean is None else verdict_of(mean)

    def as_dict(self) -> dict[str, Any]:
        """Return the document that is written and printed."""
        return {
            "format": FORMAT,
            "model": self.model,
            "weights_sha256": self.weights_sha256,
            "dataset": self.dataset,
            "split": self.split,
            "total": self.total,
            "pictures": dict(self.pictures),
            "target": self.target,
            "seed": self.seed,
            "thresholds": {"used": USED, "weakly_used": WEAKLY_USED},
            "intervals": f"percentile bootstrap over pictures, {RESAMPLES} resamples, level {LEVEL}",
            "verdicts": {layer: {group: self.verdict(layer, group) for group in self.groups} for layer in self.gates},
            "accuracy": {group: found.as_dict() for group, found in self.accuracy.items()},
            "effects": [effect.as_dict() for effect in self.effects],
            "cmaen": None if self.shares is None else self.shares.as_dict(),
            "seconds": round(self.seconds, 3),
        }
