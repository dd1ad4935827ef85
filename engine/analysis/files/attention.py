"""``attention.safetensors``: the class statistics of every gate and Grad-CAM, and the plane of the embedding.

Tensors: ``<layer>/<all|right|wrong>/count`` int64 (K,), ``.../mean`` and ``.../variance`` float32 (K, h, w) or (K, C);
``embedding/mean`` (D,), ``embedding/axes`` (2, D), ``embedding/explained`` (2,). The header's ``ferlens`` entry is a
JSON document: model, dataset, split, classes, layers, versions, sha256 of the weights, data fingerprint, settings.

The record of where one gate (or Grad-CAM) looks, class by class.

Which stored maps can depend on the class at all.

A channel, spatial or cross gate is computed from the picture before any class is scored: for one picture it is the same
whichever class is asked about. Its means differ between classes only because their pictures differ. An ``emotion`` gate
has one map for each class, and Grad-CAM is taken for one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from engine.analysis.files.places import ATTENTION, FORMAT, analysis_folder, analyze_command, check_format
from engine.analysis.files.sums import check_sum
from engine.analysis.sweep.statistics import MapStatistics, Plane
from engine.documents import BAD_VALUES, parse_document
from engine.errors import DataError, UnknownNameError
from engine.models.checkpoint import find_checkpoint
from engine.records import Float32

GROUPS: Final[tuple[str, ...]] = ("all", "right", "wrong")
"""Which pictures of a class: all of them, or those that the model answers rightly or wrongly."""


@dataclass(frozen=True, eq=False)
class ClassAttention:
    """Count, mean and variance of one gate's weights for each of K classes, on its native grid.

    A class without pictures has count 0 and zeros; a variance (unbiased) of fewer than two pictures is 0.

    Attributes:
        layer: the gate's name, for example ``block2.spatial``, or ``gradcam.predicted``.
        count: int64 (K,).
        mean, var: float32 (K, h, w) of a spatial map, else None.
        channel_mean, channel_var: float32 (K, C) of a channel gate, else None.
    """

    layer: str
    count: NDArray[np.int64]
    mean: Float32 | None = None
    var: Float32 | None = None
    channel_mean: Float32 | None = None
    channel_var: Float32 | None = None

    def __post_init__(self) -> None:
        if self.count.dtype != np.int64 or self.count.ndim != 1 or (self.count < 0).any():
            raise ValueError(f"expected counts as int64 (K,) of 0 or more, got {self.count.dtype} {self.count.shape}")
        pairs = (("", 3, self.mean, self.var), ("channel_", 2, self.channel_mean, self.channel_var))
        if (self.mean is None) == (self.channel_mean is None):
            raise ValueError(f"expected either a mean or a channel_mean for {self.layer}, got both or neither")
        for prefix, axes, mean, var in pairs:
            if (mean is None) != (var is None):
                raise ValueError(f"expected {prefix}mean and {prefix}var of {self.layer} together, got one alone")
            if mean is None or var is None:
                continue
            for name, array in ((f"{prefix}mean", mean), (f"{prefix}var", var)):
                fits = array.ndim == axes and array.shape == mean.shape and len(array) == len(self.count)
                if array.dtype != np.float32 or not fits or not np.isfinite(array).all():
                    raise ValueError(
                        f"expected {name} of {self.layer} as finite float32 with {axes} axes for {len(self.count)} "
                        f"classes, got {array.dtype} with shape {array.shape}"
                    )
            if (var < 0).any():
                raise ValueError(f"expected {prefix}var of {self.layer} of 0 or more, got {var.min()}")

    @classmethod
    def of(cls, layer: str, statistics: MapStatistics) -> ClassAttention:
        """Make the record from statistics whose groups are the classes."""
        mean, var = statistics.mean.astype(np.float32), statistics.variance().astype(np.float32)
        if mean.ndim == 2:
            return cls(layer, statistics.count, channel_mean=mean, channel_var=var)
        return cls(layer, statistics.count, mean=mean, var=var)

    @property
    def values(self) -> tuple[Float32, Float32]:
        """Mean and variance, whichever kind of gate this is."""
        if self.mean is not None and self.var is not None:
            return self.mean, self.var
        assert self.channel_mean is not None  # noqa: S101 - checked when made
        assert self.channel_var is not None  # noqa: S101
        return self.channel_mean, self.channel_var


def by_class(layer: str, statistics: MapStatistics) -> dict[str, ClassAttention]:
    """Split statistics over 2 K groups (:func:`group_of`) into the records of :data:`GROUPS`."""
    classes = len(statistics.count) // 2
    wrong = statistics.select(range(0, 2 * classes, 2))
    right = statistics.select(range(1, 2 * classes, 2))
    found = {"all": wrong.merge(right), "right": right, "wrong": wrong}
    return {name: ClassAttention.of(layer, found[name]) for name in GROUPS}


def group_of(labels: NDArray[np.int64], right: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Number a picture's group by its label and whether it was answered rightly: 2 label + right, int64 (B,)."""
    return 2 * labels + right.astype(np.int64)


METADATA_KEY: Final = "ferlens"


def write_attention(
    file: Path, statistics: Mapping[str, MapStatistics], plane: Plane, metadata: Mapping[str, Any]
) -> None:
    """Write statistics by layer; their 2 K groups are numbered by :func:`engine.analysis.files.attention.group_of`."""
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
    contiguous = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    file.write_bytes(save(contiguous, metadata={METADATA_KEY: json.dumps(document, sort_keys=True)}))


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
        except (OSError, SafetensorError, *BAD_VALUES) as error:
            raise _damaged(self.file, self.rebuild) from error

    def plane(self) -> Plane:
        """Return the plane of the embedding."""
        try:
            with safe_open(self.file, framework="numpy") as opened:
                parts = [
                    opened.get_tensor(f"embedding/{part}").astype(np.float64) for part in ("mean", "axes", "explained")
                ]
            return Plane(*parts)
        except (OSError, SafetensorError, *BAD_VALUES) as error:
            raise _damaged(self.file, self.rebuild) from error


def _check_names(names: object, what: str) -> None:
    known = isinstance(names, list) and all(isinstance(name, str) for name in names)
    if not known or len(set(names)) != len(names):  # type: ignore[arg-type, call-overload]  # it is a list
        raise ValueError(f"expected {what} as distinct names, got {names}")


def _damaged(file: Path, rebuild: str) -> DataError:
    return DataError(f"'{file.parent.name}/{file.name}' is damaged; make it again with: {rebuild}")


def open_attention(file: Path, rebuild: str) -> AttentionFile:
    """Open the file; ``rebuild`` is the command that makes it again, for messages.

    Raises:
        DataError: there is no such file, it is damaged, or another format's.
    """
    if not file.is_file():
        raise DataError(f"There is no '{file.parent.name}/{file.name}'; make it with: {rebuild}")
    check_sum(file, rebuild)
    try:
        with safe_open(file, framework="numpy") as opened:
            metadata = parse_document(opened.metadata()[METADATA_KEY])
        known = metadata.get("format")
        check_format(f"'{file.parent.name}/{file.name}'", known, FORMAT, rebuild)
        for key in ("layers", "classes"):
            _check_names(metadata[key], key)
    except (OSError, SafetensorError, *BAD_VALUES) as error:
        raise _damaged(file, rebuild) from error
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


GRADCAM: Final = "gradcam."
RECEIVED: Final = ".received"


def is_gradcam(layer: str) -> bool:
    """Say whether a stored map is a Grad-CAM: evidence without a unit, not a gate."""
    return layer.startswith(GRADCAM)


def is_received(layer: str) -> bool:
    """Say whether a stored map is a ``cross`` gate's: the share of all attention that each cell receives, sum 1."""
    return layer.endswith(RECEIVED)


def depends_on_class(layer: str, classes: Sequence[str]) -> bool:
    """Say whether one picture has different maps of this name for different classes.

    Args:
        layer: as stored, for example ``block2.spatial``, ``gradcam.true`` or, of an emotion gate, ``head.happy``.
        classes: K class names.
    """
    return is_gradcam(layer) or layer.rpartition(".")[2] in classes
