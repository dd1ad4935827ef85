"""``attention.safetensors``: the class statistics of every gate and Grad-CAM, and the plane of the embedding.

Tensors: ``<layer>/<all|right|wrong>/count`` int64 (K,), ``.../mean`` and ``.../variance`` float32 (K, h, w) or (K, C);
``embedding/mean`` (D,), ``embedding/axes`` (2, D), ``embedding/explained`` (2,). The header's ``ferlens`` entry is a
JSON document: model, dataset, split, classes, layers, versions, sha256 of the weights, data fingerprint, settings.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from engine.analysis.class_attention import GROUPS, ClassAttention, by_class
from engine.analysis.embedding import Plane
from engine.analysis.files.places import ATTENTION, FORMAT, analysis_folder, analyze_command
from engine.analysis.sweep.statistics import MapStatistics
from engine.errors import DataError, UnknownNameError
from engine.models.checkpoint import find_checkpoint

METADATA_KEY: Final = "ferlens"


def write_attention(
    file: Path, statistics: Mapping[str, MapStatistics], plane: Plane, metadata: Mapping[str, Any]
) -> None:
    """Write statistics by layer; their 2 K groups are numbered by :func:`engine.analysis.class_attention.group_of`."""
    tensors: dict[str, Any] = {
        "embedding/mean": plane.mean.astype(np.float32),
        "embedding/axes": plane.axes.astype(np.float32),
        "embedding/explained": plane.explained.astype(np.float32),
    }
    for layer, found in statistics.items():
        for group, record in by_class(layer, found).items():
            mean, variance = record.values
            tensors[f"{layer}/{group}/count"] = record.count
            tensors[f"{layer}/{group}/mean"] = mean
            tensors[f"{layer}/{group}/variance"] = variance
    document = {**metadata, "layers": list(statistics)}
    save_file(
        {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()},
        file,
        metadata={METADATA_KEY: json.dumps(document, sort_keys=True)},
    )


@dataclass(frozen=True, eq=False)
class AttentionFile:
    """An open ``attention.safetensors``; tensors are read when asked for.

    Attributes:
        file: where it lies. metadata: the JSON document of its header. rebuild: the command that makes it again.
    """

    file: Path
    metadata: dict[str, Any]
    rebuild: str

    @property
    def layers(self) -> tuple[str, ...]:
        """The gates and Grad-CAMs, in forward order."""
        return tuple(self.metadata["layers"])

    @property
    def classes(self) -> tuple[str, ...]:
        """K class names."""
        return tuple(self.metadata["classes"])

    def of(self, layer: str, group: str = "all") -> ClassAttention:
        """Return the class statistics of ``layer`` over all pictures, or those answered rightly or wrongly.

        Raises:
            UnknownNameError: no such layer or group. DataError: the file is damaged.
        """
        if layer not in self.layers:
            raise UnknownNameError("layer", layer, self.layers)
        if group not in GROUPS:
            raise UnknownNameError("group of pictures", group, GROUPS)
        try:
            with safe_open(self.file, framework="numpy") as opened:
                count, mean, variance = (
                    opened.get_tensor(f"{layer}/{group}/{part}") for part in ("count", "mean", "variance")
                )
            if mean.ndim == 2:
                return ClassAttention(layer, count, channel_mean=mean, channel_var=variance)
            return ClassAttention(layer, count, mean=mean, var=variance)
        except (OSError, SafetensorError, ValueError) as error:
            raise _damaged(self.file, self.rebuild) from error

    def plane(self) -> Plane:
        """Return the plane of the embedding."""
        try:
            with safe_open(self.file, framework="numpy") as opened:
                parts = [
                    opened.get_tensor(f"embedding/{part}").astype(np.float64) for part in ("mean", "axes", "explained")
                ]
        except (OSError, SafetensorError) as error:
            raise _damaged(self.file, self.rebuild) from error
        return Plane(*parts)


def _damaged(file: Path, rebuild: str) -> DataError:
    return DataError(f"'{file.parent.name}/{file.name}' is damaged; make it again with: {rebuild}")


def open_attention(file: Path, rebuild: str) -> AttentionFile:
    """Open the file; ``rebuild`` is the command that makes it again, for messages.

    Raises:
        DataError: there is no such file, it is damaged, or another format's.
    """
    if not file.is_file():
        raise DataError(f"There is no '{file.parent.name}/{file.name}'; make it with: {rebuild}")
    try:
        with safe_open(file, framework="numpy") as opened:
            metadata = json.loads(opened.metadata()[METADATA_KEY])
        fits = metadata["format"] == FORMAT and {"layers", "classes"} <= metadata.keys()
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise _damaged(file, rebuild) from error
    if not fits:
        raise DataError(
            f"'{file.parent.name}/{file.name}' is of another version of FERLens; make it again with: {rebuild}"
        )
    return AttentionFile(file, metadata, rebuild)


def find_attention(model: str, dataset: str, split: str, *, folder: Path | None = None) -> AttentionFile:
    """Open the class statistics of a checkpoint, by name or path, on a split.

    Args:
        folder: where names are looked up; default the checkpoints' folder.

    Raises:
        UnknownNameError: no such model. DataError: as :func:`open_attention`.
    """
    checkpoint = find_checkpoint(model, folder)
    place = analysis_folder(checkpoint, dataset, split)
    return open_attention(place / ATTENTION, analyze_command(checkpoint.name, dataset, split, force=place.exists()))
