"""What stands in for a gate when it is asked whether the gate is used.

Weights come as the gate multiplies them (see :class:`engine.models.taps.AttentionTap`), and go in the same shape:

====================  ====================================================================  ===========================
name                  the substitute                                                        what a difference tells
====================  ====================================================================  ===========================
``mean``              the gate's own mean over its places: channels, cells or keys          the pattern matters
``permuted``          the same weights in other places (one seeded permutation a draw)      which place gets which
``another picture``   the weights that another picture gets there (one picture a draw)      it answers to the picture
``ones``              1 everywhere, as if the gate were not built                           pattern or level matters
====================  ====================================================================  ===========================

A place is a channel of a channel gate, a cell of a spatial or emotion gate (all emotions alike), a key of a cross
gate (all queries alike), whose rows keep their sum of 1 under the first three. A row of ones sums to the number of
keys instead of 1, which no softmax gives: ``ones`` is left out there.
"""

from __future__ import annotations

from typing import Final, Literal

import torch
from torch import Tensor

from engine.records import GateKind

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
