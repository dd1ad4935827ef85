"""The exponential moving average of a model's weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def start_average(model: nn.Module) -> dict[str, Tensor]:
    """Return a copy of the model's state, to be moved by :func:`follow`."""
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


@torch.no_grad()
def follow(average: dict[str, Tensor], model: nn.Module, decay: float, step: int) -> None:
    """Move the average in place towards the model's state; counts and the like are copied.

    Args:
        average: of :func:`start_average`.
        model: after step ``step`` of the whole run, from 0.
        decay: in [0, 1), how much of the average stays. Early on it follows quickly, by (1 + step) / (10 + step), else
            it would remember the random start.
    """
    decay = min(decay, (1 + step) / (10 + step))
    for name, value in model.state_dict().items():
        if value.is_floating_point():
            average[name].lerp_(value, 1 - decay)
        else:
            average[name].copy_(value)
