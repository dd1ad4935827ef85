"""What the measures of one map have in common before they part: the face, what is explained, and whether it can be."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from engine.data.transforms import normalise, to_tensor
from engine.explain.methods.registry import refusals, refuse
from engine.explain.target import ResolvedTarget, Target
from engine.records import InputSpec, UInt8

Progress = Callable[[int, int], None]
"""Called with (maps done, wanted)."""


def face_tensor(model: nn.Module, face: UInt8, spec: InputSpec) -> Tensor:
    """Return one face, (S, S) or (S, S, 3) uint8, as the model takes it: (1, C, S, S) float32 on its device."""
    return normalise(to_tensor(face[None]).to(next(model.parameters()).device), spec)


@torch.no_grad()
def settle(model: nn.Module, x: Tensor, target: Target | None, classes: tuple[str, ...]) -> ResolvedTarget:
    """Return what ``target`` (None: the predicted class) is for the face ``x`` (1, C, S, S); the caller holds the lock.

    Raises:
        UnknownNameError: the target names no class of ``classes``.
    """
    return (target or Target()).settle(model(x), classes)


def check_fits(model: nn.Module, x: Tensor, method: str) -> None:
    """Check that a key of METHODS can explain the model's answer for ``x`` (1, C, S, S); the caller holds the lock.

    Raises:
        UsageError: it cannot.
    """
    for reason in refusals(model, x, (method,)).values():
        raise refuse(method, reason, type(model).__name__)
