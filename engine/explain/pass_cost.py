"""How long a pass of a model takes on this machine, by a few that are run and timed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median
from typing import Final

import torch
from torch import Tensor, nn

from engine.data.transforms import normalise, to_tensor
from engine.explain.methods.method import rows_of
from engine.models.locking import holding
from engine.records import InputSpec, UInt8

ROWS: Final = 16
"""Pictures of the timed batch, at most: enough to be quick as batches are."""
REPEATS: Final = 3
"""Of which the median counts: one that something else on the machine held up is no price."""
SLOW_SECONDS: Final = 0.1
"""A model whose single pass takes longer than this is timed by one picture at a time."""


@dataclass(frozen=True)
class PassCost:
    """Seconds of a picture's forward pass within a batch, and of the backward pass to its pixels after it."""

    forward_seconds: float
    backward_seconds: float

    def __post_init__(self) -> None:
        if self.forward_seconds <= 0.0 or self.backward_seconds < 0.0:
            raise ValueError(f"expected times above 0, got {self}")


@torch.inference_mode(False)
def measure_passes(model: nn.Module, face: UInt8, *, spec: InputSpec) -> PassCost:
    """Time a batch of one picture's copies, forward and backward; nothing on the model changes.

    Args:
        model: shared by threads; waiting for its lock does not count.
        face: (S, S) or (S, S, 3) uint8, as the model takes it.
        spec: the model's input.
    """
    x = normalise(to_tensor(face[None]).to(next(model.parameters()).device), spec)
    with holding(model):
        with torch.no_grad():
            model(x)  # the first pass of a process costs more than all that follow
            began = time.perf_counter()
            model(x).cpu()
            alone = time.perf_counter() - began
        rows = min(ROWS, rows_of(x)) if alone < SLOW_SECONDS else 1
        given = x.repeat(rows, 1, 1, 1).requires_grad_()
        times = [_timed(model, given) for _ in range(REPEATS)]
    forward, backward = (median(found) / rows for found in zip(*times, strict=True))
    return PassCost(forward, backward)


def _timed(model: nn.Module, x: Tensor) -> tuple[float, float]:
    """Return the seconds of a forward pass and of the backward pass to the pixels after it."""
    with torch.enable_grad():
        began = time.perf_counter()
        scalar = model(x).amax(dim=1).sum()
        scalar.item()  # which waits for an accelerator
        middle = time.perf_counter()
        torch.autograd.grad(scalar, x)[0].cpu()
    return middle - began, time.perf_counter() - middle
