"""The record of how much one gate is used, and the verdict on it; :mod:`engine.trust.gate_use` fills it.

Three figures say what a replacement did to a picture, each the mean over the draws:

- ``distance``: total variation distance of the probabilities, half the sum of their absolute differences, in [0, 1]:
  the share of the probability that changes hands;
- ``flips``: the share of draws in which another class comes out on top;
- ``logit_change``: replaced minus unchanged, of the explained logit (or difference of two).

The verdict follows the largest mean distance among the replacements that keep the gate's level (all but ``ones``,
which also makes everything after the gate larger or smaller, and would call a gate used that is 0.5 everywhere):
**used** from 0.05 on, **weakly used** from 0.01, else **not used**: less than one point of probability changes hands.
A very sure answer hides much from a distance; ``logit_change`` does not saturate.

What stands in for a gate when it is asked whether the gate is used.

Weights come as the gate multiplies them (see :class:`engine.models.taps.AttentionTap`), and go in the same shape:

====================  ====================================================================  ===========================
name                  the substitute                                                        what a difference tells
====================  ====================================================================  ===========================
``mean``              the gate's own mean over its places: channels, cells or keys          the pattern matters
``permuted``          the same weights in other places (one seeded permutation a draw)      which place gets which
``another picture``   the weights that another picture gets there (one picture a draw)      it answers to the picture
``ones``              1 everywhere, as if the gate were not built                           pattern or level matters
====================  ====================================================================  ===========================

A place is a channel of a channel or branch gate (all branches alike, whose shares keep their sum of 1), a cell of a
spatial, full or emotion gate (all channels or emotions alike), a row or column of a gate of those, a key of a cross
gate (all queries alike), whose rows keep their sum of 1 under the first three. A row of ones sums to the number of
keys instead of 1, which no softmax gives: ``ones`` is left out there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import torch
from torch import Tensor

from engine.errors import UnknownNameError
from engine.records import Float32, GateKind

ReplacementName = Literal["mean", "permuted", "another picture", "ones"]

REPLACEMENTS: Final[dict[ReplacementName, str]] = {
    "mean": "the gate's own mean in every place",
    "permuted": "the same weights in other places",
    "another picture": "the weights that another picture gets",
    "ones": "1 in every place, as if the gate were not there",
}
"""The replacements by name, each with words for people."""

_PLACE_AXES: Final[dict[GateKind, tuple[int, ...]]] = {
    "channel": (1,),
    "spatial": (2, 3),
    "rows": (2,),
    "columns": (3,),
    "full": (2, 3),
    "branch": (2,),
    "cross": (2,),
    "emotion": (2, 3),
}
"""The axes of a gate's places in the weights as multiplied: (B, C, 1, 1), (B, 1, h, w), ...."""


def takes(kind: GateKind, name: ReplacementName) -> bool:
    """Whether a gate of this kind can be replaced so."""
    return not (kind == "cross" and name == "ones")


def levelled(weights: Tensor, kind: GateKind) -> Tensor:
    """Return each gate's mean over its places, in every place.

    Args:
        weights: (B, ...) as multiplied.
        kind: the gate's.
    """
    return weights.mean(dim=_PLACE_AXES[kind], keepdim=True).expand_as(weights)


def permuted(weights: Tensor, kind: GateKind, generator: torch.Generator) -> Tensor:
    """Return the weights with their places permuted, each gate by another permutation.

    All queries or emotions of one gate are permuted alike; the multiset of its weights stays the same.

    Args:
        weights: (B, ...) as multiplied, on any device.
        kind: the gate's.
        generator: on the CPU, so that every device gets the same draws.
    """
    first, last = _PLACE_AXES[kind][0], _PLACE_AXES[kind][-1]
    flat = weights.flatten(first, last).movedim(first, 1)  # (B, places, whatever is left)
    count, places = flat.shape[:2]
    orders = torch.stack([torch.randperm(places, generator=generator) for _ in range(count)]).to(flat.device)
    shuffled = flat[torch.arange(count, device=flat.device)[:, None], orders]
    return shuffled.movedim(1, first).reshape(weights.shape)


Verdict = Literal["used", "weakly used", "not used"]

USED: Final = 0.05
"""From this mean total variation distance on a gate is used: five points of probability change hands."""

WEAKLY_USED: Final = 0.01
"""From this one on it is weakly used, below it is not: less than one point changes hands."""


def verdict_of(distance: float) -> Verdict:
    """Return the verdict on a mean total variation distance in [0, 1]."""
    return "used" if distance >= USED else "weakly used" if distance >= WEAKLY_USED else "not used"


@dataclass(frozen=True, eq=False)
class Replaced:
    """What one replacement of one gate did to N pictures.

    Attributes:
        name: a key of REPLACEMENTS.
        draws: how often it was drawn; 1 where there is nothing to draw.
        distance: (N,) float32 in [0, 1], mean over the draws, as are the next two.
        flips: (N,) float32 in [0, 1].
        logit_change: (N,) float32, signed.
        right_change: (N,) float32 in [-1, 1]: the share of draws answered rightly minus whether the unchanged picture
            is; its mean is the change of accuracy. None where no true classes were given.
    """

    name: ReplacementName
    draws: int
    distance: Float32
    flips: Float32
    logit_change: Float32
    right_change: Float32 | None = None

    def __post_init__(self) -> None:
        if self.name not in REPLACEMENTS or self.draws < 1:
            raise ValueError(
                f"expected one of {sorted(REPLACEMENTS)}, drawn once or more, got {self.name}, {self.draws}"
            )
        known = () if self.right_change is None else ("right_change",)
        for name in ("distance", "flips", "logit_change", *known):
            array = getattr(self, name)
            if array.dtype != np.float32 or array.shape != self.distance.shape or array.ndim != 1 or not len(array):
                raise ValueError(f"expected {name} as float32 (N,), got {array.dtype} with shape {array.shape}")
        if float(self.distance.min()) < 0.0 or float(self.distance.max()) > 1.0:
            raise ValueError(f"expected distances in [0, 1], got {self.distance.min()} to {self.distance.max()}")

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready means over the pictures."""
        return {
            "draws": self.draws,
            "distance": round(float(self.distance.mean()), 5),
            "flip_rate": round(float(self.flips.mean()), 5),
            "logit_change": round(float(self.logit_change.mean()), 5),
        }


@dataclass(frozen=True, eq=False)
class GateUse:
    """Whether one gate is used by the model for N pictures.

    Attributes:
        layer, kind: the gate's.
        target: whose logit ``logit_change`` is about; of the first picture where it differs.
        replacements: at least one, in the order of REPLACEMENTS.
    """

    layer: str
    kind: GateKind
    target: str
    replacements: tuple[Replaced, ...]

    def __post_init__(self) -> None:
        if not any(item.name != "ones" for item in self.replacements):
            raise ValueError(f"expected a replacement that keeps the gate's level, got {self.replacements}")

    @property
    def per_picture(self) -> Float32:
        """(N,) float32 in [0, 1]: each picture's largest distance among the replacements that keep the level."""
        kept = [item.distance for item in self.replacements if item.name != "ones"]
        return np.asarray(np.max(kept, axis=0), dtype=np.float32)

    @property
    def distance(self) -> float:
        """The largest mean distance among the replacements that keep the level, in [0, 1]; decides the verdict."""
        return float(max(item.distance.mean() for item in self.replacements if item.name != "ones"))

    @property
    def verdict(self) -> Verdict:
        """``used``, ``weakly used`` or ``not used``."""
        return verdict_of(self.distance)

    def __getitem__(self, name: ReplacementName) -> Replaced:
        """Return one replacement by name."""
        for item in self.replacements:
            if item.name == name:
                return item
        raise UnknownNameError("replacement", name, [item.name for item in self.replacements])

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "layer": self.layer,
            "kind": self.kind,
            "verdict": self.verdict,
            "distance": round(self.distance, 5),
            "target": self.target,
            "replacements": {item.name: item.as_dict() for item in self.replacements},
        }
