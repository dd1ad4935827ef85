"""What a model gives for built-in faces: its answers, the maps that explain them, and its spatial gates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from engine.data.dataset import Int64
from engine.data.transforms import channels_last, normalise, to_tensor
from engine.evidence.report import MapSource
from engine.explain.methods.method import Setup
from engine.explain.methods.registry import check_methods, refusals
from engine.explain.shared_passes import explain_together
from engine.explain.target import Target
from engine.models.architecture import explained
from engine.models.locking import holding
from engine.models.taps import record_attention
from engine.records import Float32, InputSpec, UInt8


@dataclass(frozen=True, eq=False)
class ModelMaps:
    """What a model gives for B pictures.

    Attributes:
        answers: int64 (B,), the predicted classes.
        maps: each kind of map → (B, h, w) float32 on its native grid, signed as computed.
        not_scored: names of the gates that are no map over the picture.
        refused: method → why this model cannot be explained so.
    """

    answers: Int64
    maps: dict[MapSource, Float32]
    not_scored: tuple[str, ...]
    refused: dict[str, str]


def _array(tensor: Tensor) -> Float32:
    return np.asarray(tensor.detach().float().cpu().numpy(), np.float32)


def _input(model: nn.Module, images: UInt8, spec: InputSpec) -> Tensor:
    return normalise(to_tensor(images).to(next(model.parameters()).device), spec)


@torch.inference_mode(False)
def refused_methods(model: nn.Module, images: UInt8, *, spec: InputSpec, methods: Sequence[str]) -> dict[str, str]:
    """Return method → why the model cannot be explained so, judged by the first picture; its lock is held meanwhile."""
    with holding(model):
        return refusals(model, _input(model, images[:1], spec), methods)


@torch.inference_mode(False)
def compute_maps(
    model: nn.Module,
    images: UInt8,
    *,
    classes: tuple[str, ...],
    spec: InputSpec,
    methods: Sequence[str] = ("gradcam",),
    setup: Setup | None = None,
    refused: Mapping[str, str] | None = None,
) -> ModelMaps:
    """Explain the model's answers for B pictures by each method, and read its gates.

    The model's lock is held meanwhile and its mode restored.

    Args:
        model: with ``explained_layers`` and ``activation_module``.
        images: (B, S, S) or (B, S, S, 3) uint8, S and channels as in ``spec``.
        classes: K names.
        spec: the model's input.
        methods: keys of METHODS; none for the gates alone.
        setup: of the methods; None for the usual one.
        refused: as of :func:`refused_methods`, where it is known already; None finds it out.
    """
    names, given = check_methods(methods) if methods else (), setup or Setup(spec)
    x = _input(model, images, spec)
    maps: dict[MapSource, Float32] = {}

    def run(pictures: Tensor) -> Tensor:
        logits: Tensor = model(channels_last(pictures))
        return logits

    with holding(model):
        with torch.no_grad(), record_attention() as gates:
            logits = run(x)
        scalar_of = Target().settle(logits, classes).of_model(run)
        left_out = dict(refusals(model, x, names) if refused is None else refused)
        layers = explained(model).explained_layers
        modules = {layer: explained(model).activation_module(layer) for layer in layers}
        taken = [name for name in names if name not in left_out]
        for (name, layer), heat in explain_together(scalar_of, modules, x, taken, given).items():
            maps[MapSource("method", name, layer, (heat.shape[1], heat.shape[2]))] = _array(heat)
    for gate in gates:
        if gate.kind == "spatial":
            weights = _array(gate.weights)
            maps[MapSource("gate", gate.kind, gate.layer, (weights.shape[1], weights.shape[2]))] = weights
    return ModelMaps(
        answers=np.asarray(logits.argmax(dim=1).cpu().numpy(), np.int64),
        maps=maps,
        not_scored=tuple(gate.layer for gate in gates if gate.kind != "spatial"),
        refused={name: left_out[name] for name in names if name in left_out},
    )
