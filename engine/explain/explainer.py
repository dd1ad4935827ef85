"""Explain one face: probabilities, every attention gate and a gradient map from one forward and one backward pass."""

from __future__ import annotations

import time

import numpy as np
import torch
from torch import Tensor, nn

from engine.data.transforms import normalise, to_tensor
from engine.errors import UnknownNameError
from engine.explain.locking import holding
from engine.explain.methods import METHODS
from engine.explain.target import Target, class_index
from engine.models.taps import RecordedGate, record_attention
from engine.records import AttentionGate, Explanation, FaceBox, FaceExplanation, Float32, InputSpec, Prediction, UInt8


def to_prediction(logits: Float32, classes: tuple[str, ...], seconds: float) -> Prediction:
    """Make the record from logits (K,)."""
    shifted = np.exp(logits.astype(np.float64) - float(logits.max()))
    probabilities = (shifted / shifted.sum()).astype(np.float32)
    best = int(probabilities.argmax())
    return Prediction(probabilities, logits, classes, classes[best], min(float(probabilities[best]), 1.0), seconds)


def gates_of(recorded: list[RecordedGate], index: int = 0) -> tuple[AttentionGate, ...]:
    """Return picture ``index``'s gates as records, in forward order."""
    return tuple(
        AttentionGate(gate.layer, gate.kind, gate.weights[index].float().cpu().numpy().copy()) for gate in recorded
    )


def explain_face(  # noqa: PLR0913 - what it needs of a checkpoint is given one by one, not as a checkpoint
    model: nn.Module,
    face: UInt8,
    *,
    model_name: str,
    classes: tuple[str, ...],
    spec: InputSpec,
    layer: str,
    target: Target | None = None,
    truth: str | None = None,
    method: str = "gradcam",
    box: FaceBox | None = None,
) -> FaceExplanation:
    """Explain the model's answer for one face.

    Args:
        model: shared by threads; its lock is held meanwhile and its mode restored.
        face: (S, S) or (S, S, 3) uint8, S as in ``spec``.
        model_name: for the record.
        classes: K names.
        spec: the model's input.
        layer: one of ``model.explained_layers``.
        target: what to explain; None explains the predicted class.
        truth: the picture's true class, where it is known, for targets that speak of it.
        method: a key of :data:`engine.explain.methods.METHODS`.
        box: for the record.

    Raises:
        UnknownNameError: layer, method, target or true class is not among the valid ones.
        UsageError: the target is the true class, which is not known, or subtracts a class from itself.
    """
    if method not in METHODS:
        raise UnknownNameError("method", method, METHODS)
    chosen = METHODS[method]
    wanted = target or Target()
    true_index = class_index(truth, classes)
    seen: dict[str, Tensor | str] = {}
    device = next(model.parameters()).device
    x = normalise(to_tensor(face[None]).to(device), spec)

    def scalar_of(pictures: Tensor) -> Tensor:
        logits: Tensor = model(pictures)
        scalar, name = wanted.resolve(logits, classes, true_index)
        seen.setdefault("logits", logits.detach())
        seen.setdefault("target", name)
        return scalar

    started = time.perf_counter()
    with holding(model), record_attention() as recorded:
        module = model.activation_module(layer)  # type: ignore[operator]
        raw = chosen.compute(scalar_of, module, x)[0].cpu().numpy()
    seconds = time.perf_counter() - started
    logits = seen["logits"]
    assert isinstance(logits, Tensor)  # noqa: S101 - scalar_of ran, and put a tensor there
    heatmap = raw if chosen.signed else np.maximum(raw, 0.0)
    explanation = Explanation(
        method=method,
        layer=layer,
        target=str(seen["target"]),
        heatmap=heatmap.astype(np.float32),
        signed=chosen.signed,
        raw_minimum=float(raw.min()),
        raw_maximum=float(raw.max()),
        seconds=seconds,
    )
    prediction = to_prediction(logits[0].float().cpu().numpy(), classes, seconds)
    return FaceExplanation(model_name, prediction, gates_of(recorded), (explanation,), face, box, seconds)


@torch.no_grad()
def layer_activation(model: nn.Module, face: UInt8, *, spec: InputSpec, layer: str) -> Float32:
    """Return the feature map (C, h, w) float32 that leaves ``layer`` (after its attention, before its pooling)."""
    kept: list[Tensor] = []
    device = next(model.parameters()).device
    x = normalise(to_tensor(face[None]).to(device), spec)
    with holding(model):
        module: nn.Module = model.activation_module(layer)  # type: ignore[operator]
        handle = module.register_forward_hook(lambda _module, _inputs, output: kept.append(output.detach()))
        try:
            model(x)
        finally:
            handle.remove()
    return kept[0][0].float().cpu().numpy().copy()
