"""What a training run tells while it goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class StepReport:
    """What a progress bar shows: epoch from 1, share of it done, mean loss so far, best val accuracy in [0, 1]."""

    epoch: int
    epochs: int
    done: float
    loss: float
    best_accuracy: float
    seconds_left: float


Listener = Callable[[StepReport], None]
