"""One block of pictures: run the model, read its gates, gather rows and statistics."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import nn

from engine.analysis.class_attention import group_of
from engine.analysis.files.predictions import Columns, answer_columns, channel_columns, map_columns
from engine.analysis.observe import CAMS, Observed, observe
from engine.analysis.sweep.parts import BlockSeconds, Part
from engine.analysis.sweep.statistics import MapStatistics
from engine.data.channels_last import channels_last
from engine.data.dataset import FaceDataset
from engine.data.transforms import normalise, to_tensor
from engine.edit.face_template import PictureRegions, region_maps
from engine.measure.split import BATCH
from engine.records import RunCard

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
    layers: tuple[str, ...] = model.explained_layers  # type: ignore[assignment]
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
        probabilities = torch.from_numpy(seen.logits).softmax(1).numpy()
        drawing = time.perf_counter()
        if regions is None or dataset.name == "synthetic":  # the template is the same for every picture
            regions = PictureRegions(region_maps(dataset.name, dataset.ids[chosen], dataset.images.shape[1]))
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
