"""One block of pictures: run the model, read its gates, gather rows and statistics.

One forward pass that gives answers, penultimate features, every gate, and Grad-CAM of two classes.

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
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.analysis.files.attention import RECEIVED, group_of
from engine.analysis.files.predictions import Columns, answer_columns, channel_columns, map_columns
from engine.analysis.sweep.parts import BlockSeconds, Part
from engine.analysis.sweep.statistics import MapStatistics
from engine.data.dataset import FaceDataset
from engine.data.transforms import channels_last, normalise, to_tensor
from engine.edit.face_template import PictureRegions, region_maps
from engine.errors import CheckpointError
from engine.measure.split import BATCH
from engine.models.adopted.network import AdoptedModel
from engine.models.architecture import explained
from engine.models.finite import check_finite
from engine.models.locking import holding
from engine.models.taps import RecordedGate, record_attention
from engine.records import NO_CELL, KeyCells, RunCard

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
    """Return the linear layer that gives the K logits; of an adopted network the point that its features pass.

    Raises:
        CheckpointError: the model has none.
    """
    if isinstance(model, AdoptedModel) and model.features is not None:
        return model.features
    found = [m for m in model.modules() if isinstance(m, nn.Linear) and m.out_features == classes]
    if not found:
        raise CheckpointError(f"Expected a model with a last linear layer of {classes} outputs, got one without.")
    return found[-1]


def _numpy(tensor: Tensor) -> Float32:
    return tensor.detach().float().cpu().numpy()


def _maps_of(gate: RecordedGate, classes: tuple[str, ...]) -> dict[str, Tensor]:
    """Read a gate as (B, C) or maps (B, h, w).

    An ``emotion`` gate (B, K, h, w) is K maps, ``<layer>.<class>``. Of a ``cross`` gate (B, queries, keys) the mean
    over the queries is kept, ``<layer>.received``: how much attention each key cell receives; where its cells are
    known, what is none (a class token) is left out. Of gates over rows, columns and both the mean over the channels is
    kept, (B, h, 1), (B, 1, w) and (B, h, w). A gate over branches (B, branches, C) is what it passes on of each branch,
    ``<layer>.branch1`` and so on, as of channels.
    """
    if gate.kind == "branch":
        return {f"{gate.layer}.branch{number}": own for number, own in enumerate(gate.weights.unbind(1), start=1)}
    if gate.kind in {"rows", "columns", "full"}:
        mean = gate.weights.mean(dim=1)
        return {gate.layer: {"rows": mean.unsqueeze(-1), "columns": mean.unsqueeze(1), "full": mean}[gate.kind]}
    if gate.kind in {"channel", "spatial"}:
        return {gate.layer: gate.weights}
    if gate.kind == "emotion":
        return {f"{gate.layer}.{name}": gate.weights[:, index] for index, name in enumerate(classes)}
    if gate.keys is not None:
        return {f"{gate.layer}{RECEIVED}": _by_cell(gate.weights, gate.keys)}
    received = gate.weights.mean(dim=1)
    side = math.isqrt(received.shape[1])
    if side * side != received.shape[1]:
        raise CheckpointError(f"Expected '{gate.layer}' to attend to a square grid, got {received.shape[1]} keys.")
    return {f"{gate.layer}{RECEIVED}": received.view(-1, side, side)}


def _by_cell(weights: Tensor, keys: KeyCells) -> Tensor:
    """Return what each cell receives, (B, h, w), of weights (B, queries, keys) whose cells are known."""
    means = weights.float().view(len(weights), len(keys.windows), -1, weights.shape[2]).mean(dim=2).flatten(1)
    cells = torch.tensor(keys.windows, device=weights.device).flatten()
    seen = cells != NO_CELL
    count = keys.grid[0] * keys.grid[1]
    total = means.new_zeros(len(means), count).index_add(1, cells[seen], means[:, seen])
    times = torch.bincount(cells[seen], minlength=count).clamp(min=1)
    received: Tensor = (total / times).view(-1, *keys.grid)
    return received


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
            module = explained(model).activation_module(layer)
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


BLOCK: Final = 1024
"""Pictures to a block: what a kill loses at most, and what processes share out among them."""


@dataclass(frozen=True)
class SweepSettings:
    """How to pass over a data set.

    Attributes:
        gradcam: whether to compute Grad-CAM of the predicted and the labelled class.
        layer: where, one of the model's explained layers; None for the last.
        batch_size: pictures to a forward pass; batches never reach over blocks.
        block: pictures to a block. It is fixed, whatever the number of processes, so that each picture is computed in
            the same batch and statistics are merged in the same order.
    """

    gradcam: bool = True
    layer: str | None = None
    batch_size: int = BATCH
    block: int = BLOCK

    def __post_init__(self) -> None:
        if self.batch_size < 1 or self.block < 1:
            raise ValueError(f"expected a batch size and a block of 1 or more, got {self.batch_size}, {self.block}")


def _answers(dataset: FaceDataset, chosen: slice, seen: Observed, probabilities: NDArray[np.float32]) -> Columns:
    """Return the columns of the pictures and of the answers."""
    labels = dataset.labels[chosen]
    exact = torch.from_numpy(seen.logits).double().log_softmax(1).numpy()
    in_train = pa.nulls(len(labels), pa.bool_()) if dataset.in_train is None else pa.array(dataset.in_train[chosen])
    source = pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(labels), np.int8)), pa.array([dataset.name]))
    return {
        "id": pa.array(dataset.ids[chosen]),
        "source": source,
        **answer_columns(probabilities, -exact[np.arange(len(labels)), labels], labels, dataset.classes),
        "duplicate_group": pa.array(dataset.duplicate_group[chosen]),
        "in_train": in_train,
    }


def _of_maps(
    maps: dict[str, NDArray[np.float32]], regions: PictureRegions, groups: NDArray[np.int64], total: int
) -> tuple[Columns, dict[str, MapStatistics]]:
    """Return the columns of maps, and their statistics by group."""
    columns: Columns = {}
    for name, found in maps.items():
        columns |= channel_columns(name, found) if found.ndim == 2 else map_columns(name, found, regions)
    return columns, {name: MapStatistics.of(found, groups, total) for name, found in maps.items()}


def explained_layer(model: nn.Module, settings: SweepSettings) -> str | None:
    """Return the layer of Grad-CAM, or None without it."""
    if not settings.gradcam:
        return None
    layers = explained(model).explained_layers
    return settings.layer or layers[-1]


def sweep_block(
    model: nn.Module, card: RunCard, dataset: FaceDataset, settings: SweepSettings, block: int
) -> tuple[pa.Table, Part]:
    """Pass over the pictures of one block; return their rows and everything else."""
    device = next(model.parameters()).device
    layer = explained_layer(model, settings)
    stop = min((block + 1) * settings.block, len(dataset))
    tables: list[pa.Table] = []
    features: list[NDArray[np.float32]] = []
    answers: list[NDArray[np.float32]] = []
    statistics: dict[str, MapStatistics] = {}
    regions_seconds = gradcam_seconds = 0.0
    regions: PictureRegions | None = None
    began = time.perf_counter()
    for start in range(block * settings.block, stop, settings.batch_size):
        chosen = slice(start, min(start + settings.batch_size, stop))
        labels = dataset.labels[chosen]
        x = normalise(to_tensor(dataset.images[chosen]).to(device), card.input)
        x = channels_last(x)
        seen = observe(model, x, torch.from_numpy(labels).to(device), dataset.classes, layer)
        check_finite(seen.logits)
        probabilities = torch.from_numpy(seen.logits).softmax(1).numpy()
        drawing = time.perf_counter()
        if regions is None or dataset.name == "synthetic":  # the template is the same for every picture
            faces = card.domain == "faces"
            side = dataset.images.shape[1]
            regions = PictureRegions(region_maps(dataset.name, dataset.ids[chosen], side) if faces else None)
        regions_seconds += time.perf_counter() - drawing
        groups = group_of(labels, probabilities.argmax(axis=1) == labels)
        columns = _answers(dataset, chosen, seen, probabilities)
        total = 2 * len(dataset.classes)
        more, found = _of_maps({name: m for name, m in seen.maps.items() if name not in CAMS}, regions, groups, total)
        reading = time.perf_counter()
        cams, of_cams = _of_maps({name: m for name, m in seen.maps.items() if name in CAMS}, regions, groups, total)
        if layer is not None:
            gradcam_seconds += seen.gradcam_seconds + time.perf_counter() - reading
        tables.append(pa.table({**columns, **more, **cams}))
        found |= of_cams
        statistics = {name: statistics[name].merge(new) if statistics else new for name, new in found.items()}
        features.append(seen.features)
        answers.append(probabilities)
    seconds = time.perf_counter() - began - regions_seconds
    times = BlockSeconds(seconds, regions_seconds, gradcam_seconds)
    return pa.concat_tables(tables), Part(statistics, np.concatenate(features), np.concatenate(answers), times)
