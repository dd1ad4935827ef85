"""The state of an unfinished analysis: one part a block of pictures, in a folder beside the target.

A part is two files, ``block-<n>.parquet`` (finished columns) and ``block-<n>.safetensors`` (statistics, features and
probabilities). The second is renamed into place last, so a block is either whole or not there, and any process can
be killed at any moment. ``settings.json`` says what the parts were made with; parts of other settings are dropped.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from engine.analysis.sweep.statistics import MapStatistics
from engine.documents import BAD_VALUES, parse_document
from engine.errors import DataError
from engine.writing.whole import whole_file

SETTINGS: Final = "settings.json"


@dataclass(frozen=True)
class BlockSeconds:
    """How long a block took.

    Attributes:
        work: the model and what is read off its maps, Grad-CAM included.
        regions: drawing exact regions, beside that.
        gradcam: of the work, what Grad-CAM and reading its maps took.
    """

    work: float
    regions: float
    gradcam: float


@dataclass(frozen=True, eq=False)
class Part:
    """What one block of B pictures gave, beside its rows.

    Attributes:
        statistics: layer → its statistics, in forward order.
        features: float32 (B, D). probabilities: float32 (B, K).
        seconds: how long it took.
    """

    statistics: dict[str, MapStatistics]
    features: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    seconds: BlockSeconds


class PartsFolder:
    """The parts of one analysis.

    Args:
        folder: where they lie.
        settings: what they are made with (JSON-ready).
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        self.folder = folder
        self._settings = json.dumps(dict(settings), sort_keys=True)

    def prepare(self) -> None:
        """Make the folder, and drop what an analysis with other settings has left there."""
        said = self.folder / SETTINGS
        if self.folder.exists() and not (said.is_file() and said.read_text(encoding="utf-8") == self._settings):
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        with whole_file(said) as part:
            part.write_text(self._settings, encoding="utf-8")

    def _file(self, block: int, suffix: str) -> Path:
        return self.folder / f"block-{block:06d}{suffix}"

    def has(self, block: int) -> bool:
        """Whether the block's part is whole."""
        return self._file(block, ".safetensors").is_file()

    def write(self, block: int, rows: pa.Table, part: Part) -> None:
        """Keep a block."""
        tensors: dict[str, NDArray[Any]] = {
            "features": part.features,
            "probabilities": part.probabilities,
            "seconds": np.array(astuple(part.seconds)),
        }
        for layer, found in part.statistics.items():
            tensors |= {f"{layer}/count": found.count, f"{layer}/mean": found.mean, f"{layer}/m2": found.m2}
        with whole_file(self._file(block, ".parquet")) as file:
            pq.write_table(rows, file, compression="zstd")
        with whole_file(self._file(block, ".safetensors")) as file:
            contiguous = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
            file.write_bytes(save(contiguous, metadata={"layers": json.dumps(list(part.statistics))}))

    def read(self, block: int) -> Part:
        """Return a block's part.

        Raises:
            DataError: the part is damaged; it is removed, so that the next run makes it anew.
        """
        try:
            with safe_open(self._file(block, ".safetensors"), framework="numpy") as opened:
                layers = parse_document(opened.metadata()["layers"])
                tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - it is no dict
            statistics = {
                layer: MapStatistics(*(tensors[f"{layer}/{name}"] for name in ("count", "mean", "m2")))
                for layer in layers
            }
            seconds = BlockSeconds(*tensors["seconds"].tolist())
            return Part(statistics, tensors["features"], tensors["probabilities"], seconds)
        except (OSError, SafetensorError, *BAD_VALUES) as error:
            raise self._damaged(block) from error

    def rows(self, block: int) -> pa.Table:
        """Return a block's rows."""
        try:
            return pq.read_table(self._file(block, ".parquet"))
        except (OSError, pa.ArrowException) as error:
            raise self._damaged(block) from error

    def _damaged(self, block: int) -> DataError:
        for suffix in (".safetensors", ".parquet"):
            self._file(block, suffix).unlink(missing_ok=True)
        return DataError(
            f"Part {block} of the unfinished analysis was damaged and is removed; run the same command again, which "
            "makes it anew and keeps the others."
        )

    def remove(self) -> None:
        """Drop everything."""
        shutil.rmtree(self.folder, ignore_errors=True)
