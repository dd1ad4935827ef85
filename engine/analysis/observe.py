"""One forward pass that gives answers, penultimate features, every gate, and Grad-CAM of two classes.

Gradients are computed from the logits back to the explained layer only, never through the layers before it, so that
Grad-CAM at the last layer costs little more than the forward pass. The maps equal those of
:func:`engine.explain.methods.cams.gradcam` (Selvaraju et al. 2017, arXiv:1610.02391) after its ReLU.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.analysis.class_dependence import RECEIVED
from engine.errors import CheckpointError
from engine.models.locking import holding
from engine.models.taps import RecordedGate, record_attention

Float32 = NDArray[np.float32]

CAMS: Final[tuple[str, ...]] = ("gradcam.predicted", "gradcam.true")
"""The names of the Grad-CAM of the predicted class and of the labelled one."""


@dataclass(frozen=True, eq=False)
class Observed:
    """What one pass over B pictures gave; all float32 on the CPU.

    Attributes:
        logits: (B, K).
        features: (B, D), what the last layer takes.
        maps: name → (B, C) of a channel gate, (B, h, w) of any other and of Grad-CAM (>= 0); gates in forward order,
            Grad-CAM last.
        gradcam_seconds: of the pass, what Grad-CAM took.
    """

    logits: Float32
    features: Float32
    maps: dict[str, Float32]
    gradcam_seconds: float


def last_layer(model: nn.Module, classes: int) -> nn.Module:
    """Return the linear layer that gives the K logits.

    Raises:
        CheckpointError: the model has none.
    """
    found = [m for m in model.modules() if isinstance(m, nn.Linear) and m.out_features == classes]
    if not found:
        raise CheckpointError(f"Expected a model with a last linear layer of {classes} outputs, got one without.")
    return found[-1]


def _numpy(tensor: Tensor) -> Float32:
    return tensor.detach().float().cpu().numpy()


def _maps_of(gate: RecordedGate, classes: tuple[str, ...]) -> dict[str, Tensor]:
    """Read a gate as (B, C) or maps (B, h, w).

    An ``emotion`` gate (B, K, h, w) is K maps, ``<layer>.<class>``. Of a ``cross`` gate (B, queries, keys) the mean
    over the queries is kept, ``<layer>.received``: how much attention each key cell receives.
    """
    if gate.kind in {"channel", "spatial"}:
        return {gate.layer: gate.weights}
    if gate.kind == "emotion":
        return {f"{gate.layer}.{name}": gate.weights[:, index] for index, name in enumerate(classes)}
    received = gate.weights.mean(dim=1)
    side = math.isqrt(received.shape[1])
    if side * side != received.shape[1]:
        raise CheckpointError(f"Expected '{gate.layer}' to attend to a square grid, got {received.shape[1]} keys.")
    return {f"{gate.layer}{RECEIVED}": received.view(-1, side, side)}


def _cam(scalar: Tensor, activation: Tensor) -> Tensor:
    (gradient,) = torch.autograd.grad(scalar.sum(), activation, retain_graph=True)
    return (gradient.mean(dim=(2, 3), keepdim=True) * activation.detach()).sum(dim=1).relu()


def _now(x: Tensor) -> float:
    """Return the time in seconds, once everything that was asked of the device is done."""
    if x.is_cuda:
        torch.cuda.synchronize(x.device)
    return time.perf_counter()


@contextmanager
def _listening(model: nn.Module, classes: int, layer: str | None) -> Iterator[dict[str, Tensor]]:
    """Keep the features, and the activation of ``layer`` as the leaf of a graph that begins there."""
    kept: dict[str, Tensor] = {}

    def keep_features(_module: nn.Module, inputs: tuple[Any, ...]) -> None:
        kept["features"] = inputs[0].detach()

    def begin_graph(_module: nn.Module, _inputs: tuple[Any, ...], output: Tensor) -> Tensor:
        torch.set_grad_enabled(True)  # until the caller's no_grad block ends
        kept["activation"] = output.detach().requires_grad_(True)
        return kept["activation"]

    handles = [last_layer(model, classes).register_forward_pre_hook(keep_features)]
    try:
        if layer is not None:
            module: nn.Module = model.activation_module(layer)  # type: ignore[operator]
            handles.append(module.register_forward_hook(begin_graph))
        yield kept
    finally:
        for handle in handles:
            handle.remove()


def observe(model: nn.Module, x: Tensor, labels: Tensor, classes: tuple[str, ...], layer: str | None) -> Observed:
    """Run the model once, holding its lock.

    Args:
        model: in any mode; it is run in eval mode.
        x: normalised pictures (B, C, S, S) on the model's device.
        labels: int64 (B,) on the same device.
        classes: K names.
        layer: where Grad-CAM is taken, one of ``model.explained_layers``; None for no Grad-CAM.
    """
    with holding(model), torch.no_grad(), record_attention() as recorded:
        with _listening(model, len(classes), layer) as kept:
            logits: Tensor = model(x)
        maps: dict[str, Tensor] = {}
        for gate in recorded:
            maps |= _maps_of(gate, classes)
        began = _now(x)
        if layer is not None:
            predicted = logits.detach().argmax(dim=1)
            for name, target in zip(CAMS, (predicted, labels), strict=True):
                maps[name] = _cam(logits.gather(1, target[:, None]), kept["activation"])
        seconds = 0.0 if layer is None else _now(x) - began
    return Observed(
        logits=_numpy(logits),
        features=_numpy(kept["features"]),
        maps={name: _numpy(map_) for name, map_ in maps.items()},
        gradcam_seconds=seconds,
    )
