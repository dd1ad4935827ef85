"""Explain one face: probabilities, every attention gate and a map by each method asked for.

Grad-CAM and its kin take one forward and one backward pass for all of it together.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from engine.data.transforms import normalise, to_tensor
from engine.explain.methods.cams import gradcams
from engine.explain.methods.method import Method, Setups, setup_of
from engine.explain.methods.registry import METHODS, check_methods, refusals, refuse
from engine.explain.methods.settings import Values
from engine.explain.target import ResolvedTarget, Target, class_index
from engine.models.architecture import explained
from engine.models.finite import check_finite
from engine.models.locking import holding
from engine.models.taps import RecordedGate, record_attention
from engine.records import AttentionGate, Explanation, FaceBox, FaceExplanation, Float32, InputSpec, Prediction, UInt8

GRADCAM: Final = "gradcam"

Progress = Callable[[int, int], None]
"""Called with (forward passes done, wanted at most) before each further batch of them."""


def _counting(progress: Progress, wanted: int) -> Callable[[int], None]:
    done = 0

    def tell(rows: int) -> None:
        nonlocal done
        progress(min(done, wanted), wanted)
        done += rows

    return tell


def to_prediction(logits: Float32, classes: tuple[str, ...], seconds: float) -> Prediction:
    """Make the record from logits (K,).

    Raises:
        NetworkError: they are no numbers.
    """
    check_finite(logits[None])
    shifted = np.exp(logits.astype(np.float64) - float(logits.max()))
    probabilities = (shifted / shifted.sum()).astype(np.float32)
    best = int(probabilities.argmax())
    return Prediction(probabilities, logits, classes, classes[best], min(float(probabilities[best]), 1.0), seconds)


def gates_of(recorded: list[RecordedGate], index: int = 0) -> tuple[AttentionGate, ...]:
    """Return picture ``index``'s gates as records, in forward order."""
    return tuple(
        AttentionGate(gate.layer, gate.kind, gate.weights[index].float().cpu().numpy().copy(), gate.keys)
        for gate in recorded
    )


@torch.inference_mode(False)
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
    method: str | Sequence[str] = "gradcam",
    setup: Setups | None = None,
    box: FaceBox | None = None,
    progress: Progress | None = None,
) -> FaceExplanation:
    """Explain the model's answer for one face.

    Args:
        model: shared by threads; its lock is held meanwhile and its mode restored.
        face: (S, S) or (S, S, 3) uint8, S as in ``spec``.
        model_name: for the record.
        classes: K names.
        spec: the model's input.
        layer: one of ``model.explained_layers``, for the methods that need one.
        target: what to explain; None explains the predicted class.
        truth: the picture's true class, where it is known, for targets that speak of it.
        method: a key of :data:`engine.explain.methods.registry.METHODS`, or several, which give a map each.
        setup: baseline, seed and the like, for all methods or for each; None for the usual ones.
        box: for the record.
        progress: see Progress; what it raises ends the work.

    Raises:
        UnknownNameError: layer, method, target or true class is not among the valid ones.
        UsageError: the model cannot be explained by a method; or the target is the true class, which is not known, or
            subtracts a class from itself.
    """
    names = check_methods((method,) if isinstance(method, str) else method)
    setups = {name: setup_of(setup, name, spec) for name in names}
    true_index = class_index(truth, classes)
    device = next(model.parameters()).device
    x = normalise(to_tensor(face[None]).to(device), spec)
    first = _FirstPass(model, target or Target(), classes, true_index)
    if progress is not None:
        first.tell = _counting(
            progress, sum(METHODS[name].price(METHODS[name].values_in(setups[name]))[0] for name in names)
        )
    maps = []
    started = time.perf_counter()
    with holding(model):
        module = explained(model).activation_module(layer)
        for name, reason in refusals(model, x, names).items():
            raise refuse(name, reason, model_name)
        if METHODS[names[0]].cost != "one pass":
            with torch.no_grad():
                first.scalar(x)
        for name in names:
            chosen, began = METHODS[name], time.perf_counter()
            raw = chosen.compute(first.scalar, module, x, setups[name])[0].cpu().numpy()
            seconds = time.perf_counter() - began
            settings = chosen.values_in(setups[name])
            maps.append(_record(chosen, raw, layer, first.settled.name, seconds, settings))
    seconds = time.perf_counter() - started
    prediction = to_prediction(first.logits[0].float().cpu().numpy(), classes, seconds)
    return FaceExplanation(model_name, prediction, gates_of(first.gates), tuple(maps), face, box, seconds)


@torch.inference_mode(False)
def explain_targets(  # noqa: PLR0913 - as explain_face
    model: nn.Module,
    face: UInt8,
    *,
    model_name: str,
    classes: tuple[str, ...],
    spec: InputSpec,
    layer: str,
    targets: Sequence[Target],
    truth: str | None = None,
    box: FaceBox | None = None,
    progress: Progress | None = None,
) -> tuple[FaceExplanation, ...]:
    """Explain several targets of one face by Grad-CAM, from one forward pass and as many backward passes.

    Args:
        model, face, model_name, classes, spec, layer, truth, box: as of :func:`explain_face`.
        targets: what to explain, one or more.
        progress: called with (maps made, wanted) before each; what it raises ends the work.

    Returns:
        An explanation a target, in their order: the same answer and gates, each with its own map.

    Raises:
        UnknownNameError, UsageError: as :func:`explain_face`.
    """
    true_index = class_index(truth, classes)
    x = normalise(to_tensor(face[None]).to(next(model.parameters()).device), spec)
    first = [_FirstPass(model, target, classes, true_index) for target in targets]
    started = time.perf_counter()

    def scalars(pictures: Tensor) -> list[Tensor]:
        with record_attention() as recorded:
            logits: Tensor = model(pictures)
        return [one.settle(logits, recorded) for one in first]

    with holding(model):
        module = explained(model).activation_module(layer)
        for name, reason in refusals(model, x, (GRADCAM,)).items():
            raise refuse(name, reason, model_name)
        raw = gradcams(scalars, module, x, progress)
    seconds = (time.perf_counter() - started) / len(targets)
    prediction = to_prediction(first[0].logits[0].float().cpu().numpy(), classes, seconds)
    gates = gates_of(first[0].gates)
    return tuple(
        FaceExplanation(
            model_name,
            prediction,
            gates,
            (_record(METHODS[GRADCAM], values[0].cpu().numpy(), layer, one.settled.name, seconds),),
            face,
            box,
            seconds,
        )
        for one, values in zip(first, raw, strict=True)
    )


@torch.inference_mode(False)
@torch.no_grad()
def answer_face(
    model: nn.Module,
    face: UInt8,
    *,
    model_name: str,
    classes: tuple[str, ...],
    spec: InputSpec,
    box: FaceBox | None = None,
) -> FaceExplanation:
    """Return the answer to one face and every gate, without a map: a forward pass and nothing else.

    Args:
        model, face, model_name, classes, spec, box: as of :func:`explain_face`.
    """
    first = _FirstPass(model, Target(), classes, None)
    x = normalise(to_tensor(face[None]).to(next(model.parameters()).device), spec)
    started = time.perf_counter()
    with holding(model):
        first.scalar(x)
    logits = first.logits[0].float().cpu().numpy()
    seconds = time.perf_counter() - started
    return FaceExplanation(
        model_name, to_prediction(logits, classes, seconds), gates_of(first.gates), (), face, box, seconds
    )


class _FirstPass:
    """The explained scalar; its first call runs the pictures unchanged and gives answers, gates and the target, too.

    So a method of one forward and one backward pass gives everything from these two.
    """

    settled: ResolvedTarget
    logits: Tensor
    gates: list[RecordedGate]

    def __init__(self, model: nn.Module, target: Target, classes: tuple[str, ...], truth: int | None) -> None:
        self.model, self.target, self.classes, self.truth = model, target, classes, truth
        self.done = False
        self.tell: Callable[[int], None] | None = None

    def scalar(self, pictures: Tensor, which: Tensor | None = None, /) -> Tensor:
        """Return the explained scalar, as a :class:`ScalarFunction`."""
        if self.tell is not None:
            self.tell(len(pictures))
        if self.done:
            return self.settled.scalar(self.model(pictures), which)
        with record_attention() as recorded:
            logits: Tensor = self.model(pictures)
        return self.settle(logits, recorded, which)

    def settle(self, logits: Tensor, recorded: list[RecordedGate], which: Tensor | None = None) -> Tensor:
        """Take the first pass's logits (B, K) and gates; return the explained scalar (B,)."""
        self.settled = self.target.settle(logits.detach(), self.classes, self.truth)
        self.logits, self.gates, self.done = logits.detach(), recorded, True
        return self.settled.scalar(logits, which)


def _record(
    method: Method, raw: Float32, layer: str, target: str, seconds: float, settings: Values = ()
) -> Explanation:
    return Explanation(
        method=method.name,
        layer=layer if method.needs_layer else "",
        target=target,
        heatmap=(raw if method.signed else np.maximum(raw, 0.0)).astype(np.float32),
        signed=method.signed,
        raw_minimum=float(raw.min()),
        raw_maximum=float(raw.max()),
        seconds=seconds,
        settings=settings,
    )


@torch.inference_mode(False)
@torch.no_grad()
def layer_activation(model: nn.Module, face: UInt8, *, spec: InputSpec, layer: str) -> Float32:
    """Return the feature map (C, h, w) float32 that leaves ``layer`` (after its attention, before its pooling)."""
    kept: list[Tensor] = []
    device = next(model.parameters()).device
    x = normalise(to_tensor(face[None]).to(device), spec)
    with holding(model):
        module = explained(model).activation_module(layer)
        handle = module.register_forward_hook(lambda _module, _inputs, output: kept.append(output.detach()))
        try:
            model(x)
        finally:
            handle.remove()
    return kept[0][0].float().cpu().numpy().copy()
