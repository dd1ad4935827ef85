"""How long trust will take for a face: a small step of it is run and timed, and the rest is counted.

A single forward pass says little: the checks run pictures in batches, which a machine works off several times as fast,
and filling the removed pixels takes a time of its own.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import nn

from engine.data.transforms import normalise, to_tensor
from engine.explain.ranking import removal_masks, steps_of
from engine.models.locking import holding
from engine.records import InputSpec, UInt8
from engine.trust import faithfulness, gate_use
from engine.trust.imputers import IMPUTERS

_GRID: Final = (6, 6)
"""Of the order in which the step takes cells away; what a mask costs hardly depends on it."""


def gate_pictures() -> int:
    """Return how many pictures a gate takes: permuted, lent, the lenders; the face itself, its mean, ones."""
    return 3 * gate_use.DRAWS + 3


def map_pictures() -> int:
    """Return how many pictures a map takes: both orders of it, of each random map and of the centre, an imputer."""
    return len(IMPUTERS) * (faithfulness.DRAWS + 2) * 2 * (faithfulness.STEPS - 1)


@dataclass(frozen=True)
class TrustCost:
    """What trust costs a model on this machine.

    Attributes:
        forward_seconds: a picture's forward pass, within a batch.
        filling_seconds: filling the removed pixels of a picture, the mean over the imputers.
    """

    forward_seconds: float
    filling_seconds: float

    def __post_init__(self) -> None:
        if self.forward_seconds <= 0.0 or self.filling_seconds < 0.0:
            raise ValueError(f"expected times above 0, got {self}")

    def seconds(self, gates: int, maps: int) -> float:
        """Return how long so many gates and maps will take."""
        filled = maps * map_pictures()
        return (gates * gate_pictures() + filled) * self.forward_seconds + filled * self.filling_seconds


@torch.no_grad()
def measure_cost(model: nn.Module, face: UInt8, *, spec: InputSpec) -> TrustCost:
    """Take a face apart once by each imputer, and time it; nothing on the model changes.

    Args:
        model: shared by threads; waiting for its lock does not count.
        face: (S, S) or (S, S, 3) uint8, as the model takes it.
        spec: the model's input.
    """
    cells = _GRID[0] * _GRID[1]
    order = np.random.default_rng(0).permutation(cells)
    masks = removal_masks(order, steps_of(cells, faithfulness.STEPS)[1:-1], _GRID, face.shape[0])
    device = next(model.parameters()).device
    filling, forward = 0.0, []
    for impute in IMPUTERS.values():
        began = time.perf_counter()
        pictures = impute(face, masks, 0)
        x = normalise(to_tensor(pictures / 255.0).to(device), spec).contiguous(memory_format=torch.channels_last)  # type: ignore[arg-type]
        filling += (time.perf_counter() - began) / len(masks)
        with holding(model):
            began = time.perf_counter()
            model(x).cpu()  # which waits for an accelerator
            forward.append((time.perf_counter() - began) / len(masks))
    # The first batch of its size may cost more than all that follow.
    return TrustCost(min(forward), filling / len(IMPUTERS))
